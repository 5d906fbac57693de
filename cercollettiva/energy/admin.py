"""Meters and the broker in the administration. What they measure has pages of its own: here are only links to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    DeviceType,
    MQTTAuditLog,
    MQTTBroker,
    MQTTConfiguration,
    RegisterEvent,
    RejectedMessage,
    UnknownDevice,
)
from cercollettiva.users.administration.files import Exported, ImportedAndExported, resource_of
from cercollettiva.users.administration.pages import SEE_MEASURES, HistoryPage, RegistryPage, link_to


@admin.register(DeviceType)
class DeviceTypeRegistry(ImportedAndExported, RegistryPage):
    deletable = True  # one that no meter has: the others are protected
    list_display = ("code", "vendor", "model")
    list_filter = ("vendor",)
    search_fields = ("code", "vendor", "model")
    resource_classes = [resource_of(DeviceType)]


@admin.register(DeviceConfiguration)
class DeviceRegistry(ImportedAndExported, RegistryPage):
    links = ("measures",)
    list_display = ("device_id", "device_type", "topic_prefix", "firmware", "is_active", "measures")
    list_filter = ("is_active", "device_type")
    list_select_related = ("device_type",)
    search_fields = ("device_id", "topic_prefix")
    resource_classes = [resource_of(DeviceConfiguration, device_type=("code",))]

    @admin.display(description=_("misure"))
    def measures(self, row: DeviceConfiguration) -> str:
        return link_to("meters:meter", row.pk, SEE_MEASURES)


@admin.register(DevicePlacement)
class PlacementRegistry(ImportedAndExported, RegistryPage):
    fixed = ("device", "plant")  # a meter that moved has a new placement
    list_display = ("device", "plant", "active_from", "active_to")
    list_select_related = ("device", "plant")
    search_fields = ("device__device_id", "plant__name", "plant__pod_code")
    autocomplete_fields = ("device", "plant")
    resource_classes = [resource_of(DevicePlacement, device=("device_id",))]


@admin.register(ChannelRole)
class ChannelRegistry(ImportedAndExported, RegistryPage):
    deletable = True  # the quarters it decided about are computed again
    list_display = ("device", "component", "phases", "role", "sign", "plant", "active_from", "active_to")
    list_filter = ("role", "sign")
    list_select_related = ("device", "plant")
    search_fields = ("device__device_id", "plant__name", "plant__pod_code", "component")
    autocomplete_fields = ("placement",)
    resource_classes = [resource_of(ChannelRole)]


class BrokerForm(forms.ModelForm):  # type: ignore[type-arg]
    """The password is written, never read: an empty field keeps the one there is."""

    password = forms.CharField(
        label=_("nuova password"),
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Vuota: resta quella di prima."),
    )

    def clean_password(self) -> str:
        kept: str = self.instance.password
        return self.cleaned_data["password"] or kept


@admin.register(MQTTBroker)
class BrokerRegistry(RegistryPage):
    form = BrokerForm
    never_shown = ("password",)
    list_display = ("name", "host", "port", "use_tls", "username", "is_active")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        return [name for name in self._shown() if obj is not None or name not in _STAMPS]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        return _STAMPS if obj is not None else ()

    def tell_reading(self, request: HttpRequest, rows: Sequence[Any], shown: Sequence[str]) -> None:
        """Nothing was shown."""


_STAMPS = ("created_at", "updated_at")


@admin.register(MQTTConfiguration)
class CredentialHistory(HistoryPage):
    """Credentials are issued and revoked on the page of the meter."""

    hidden = ("verifier",)
    list_display = ("username", "device", "created_at", "rotated_at", "revoked_at")
    list_select_related = ("device",)
    search_fields = ("username", "device__device_id")


@admin.register(MQTTAuditLog)
class BrokerHistory(Exported, HistoryPage):
    list_display = ("at", "action", "actor", "device", "detail")
    list_filter = ("action",)
    list_select_related = ("actor", "device")
    ordering = ("-at",)
    resource_classes = [resource_of(MQTTAuditLog, actor=("email",), device=("device_id",))]


@admin.register(RegisterEvent)
class RegisterHistory(HistoryPage):
    list_display = ("device", "component", "register", "kind", "at", "before", "after")
    list_filter = ("kind",)
    list_select_related = ("device",)
    search_fields = ("device__device_id",)


@admin.register(RejectedMessage)
class RejectedHistory(HistoryPage):
    list_display = ("topic", "reason", "count", "first_seen", "last_seen")
    search_fields = ("topic",)
    ordering = ("-last_seen",)


@admin.register(UnknownDevice)
class UnknownHistory(HistoryPage):
    links = ("adopt",)
    list_display = ("prefix", "count", "first_seen", "last_seen", "adopt")
    search_fields = ("prefix",)
    ordering = ("-last_seen",)

    @admin.display(description=_("adozione"))
    def adopt(self, row: UnknownDevice) -> str:
        return link_to("meters:stranger", row.pk, _("Registra questo misuratore"))

"""Communities, their members and plants in the administration."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import (
    CERConfiguration,
    CERMembership,
    Invitation,
    MemberRegistry,
    MembershipCard,
    Organisation,
    Plant,
    PlantMeasurement,
    RoleChange,
)
from cercollettiva.users.administration.files import Exported, ImportedAndExported, resource_of
from cercollettiva.users.administration.pages import SEE_MEASURES, HistoryPage, RegistryPage, link_to


@admin.register(Organisation)
class OrganisationRegistry(ImportedAndExported, RegistryPage):
    list_display = ("name", "legal_form", "fiscal_code", "city", "province")
    list_filter = ("legal_form", "region")
    search_fields = ("name", "fiscal_code", "city")
    resource_classes = [resource_of(Organisation)]


@admin.register(CERConfiguration)
class CommunityRegistry(ImportedAndExported, RegistryPage):
    links = ("page",)
    list_display = ("name", "code", "primary_substation", "market_zone", "organisation", "is_active")
    list_filter = ("is_active", "market_zone")
    list_select_related = ("organisation",)
    search_fields = ("name", "code", "primary_substation")
    autocomplete_fields = ("organisation",)
    prepopulated_fields: Any = {}
    resource_classes = [resource_of(CERConfiguration)]

    @admin.display(description=_("pagine"))
    def page(self, row: CERConfiguration) -> str:
        return link_to("core:community", row.pk, SEE_MEASURES)


@admin.register(CERMembership)
class MembershipRegistry(Exported, RegistryPage):
    """Roles and states are changed on the pages of the community, which tell who decided and keep an administrator."""

    addable = False
    fixed = ("community", "user", "role", "state", "active_from", "active_to", "documents_verified_by")
    list_display = ("user", "community", "role", "member_type", "state", "active_from", "active_to")
    list_filter = ("role", "member_type", "state", "community")
    list_select_related = ("user", "community")
    search_fields = ("user__email", "user__first_name", "user__last_name")
    resource_classes = [resource_of(CERMembership, community=("code",), user=("email",))]


@admin.register(MembershipCard)
class CardRegistry(Exported, RegistryPage):
    """Numbers come from the register: a card is issued there, and corrected here."""

    addable = False
    fixed = ("organisation", "membership", "number")
    list_display = ("number", "organisation", "membership", "valid_from", "valid_to", "fee_due_cents", "fee_paid_cents")
    list_filter = ("organisation",)
    list_select_related = ("organisation", "membership__user", "membership__community")
    search_fields = ("=number", "membership__user__last_name", "membership__user__email")
    resource_classes = [resource_of(MembershipCard)]


@admin.register(Plant)
class PlantRegistry(ImportedAndExported, RegistryPage):
    links = ("measures",)
    fixed = ("verified_at", "verified_by")
    list_display = ("name", "pod_code", "plant_type", "owner", "cer_configuration", "nominal_power", "is_active")
    list_filter = ("plant_type", "is_active", "cer_configuration", "market_zone")
    list_select_related = ("owner", "cer_configuration")
    search_fields = ("name", "pod_code", "pod_key", "censimp_code", "city")
    autocomplete_fields = ("owner", "cer_configuration")
    resource_classes = [
        resource_of(Plant, without=("verified_at", "verified_by"), owner=("email",), cer_configuration=("code",))
    ]

    @admin.display(description=_("misure"))
    def measures(self, row: Plant) -> str:
        return link_to("core:plant", row.pk, SEE_MEASURES)


@admin.register(MemberRegistry)
class MemberHistory(Exported, HistoryPage):
    """The register of members (libro soci): lines are written by admission and leaving, never by hand."""

    list_display = ("number", "organisation", "kind", "member_number", "user", "on")
    list_filter = ("organisation",)
    list_select_related = ("organisation", "user")
    search_fields = ("=number", "user__email", "user__first_name", "user__last_name")
    resource_classes = [resource_of(MemberRegistry, organisation=("name",), user=("email",))]


@admin.register(RoleChange)
class RoleHistory(HistoryPage):
    list_display = ("membership", "before", "after", "at", "by")
    list_select_related = ("membership__user", "membership__community", "by")


@admin.register(Invitation)
class InvitationHistory(HistoryPage):
    hidden = ("token_hash",)
    list_display = ("community", "email", "role", "created_at", "expires_at", "accepted_at", "revoked_at")
    list_filter = ("community", "role")
    list_select_related = ("community",)
    search_fields = ("email",)


@admin.register(PlantMeasurement)
class MeasurementHistory(HistoryPage):
    """What came from operator, GSE or a file: corrections are new versions."""

    links = ("measures",)
    list_display = ("plant", "start", "drawn_mwh", "injected_mwh", "source", "version", "recorded_at", "measures")
    list_filter = ("source", "quality")
    list_select_related = ("plant",)
    search_fields = ("plant__pod_code", "plant__name")

    @admin.display(description=_("misure"))
    def measures(self, row: PlantMeasurement) -> str:
        return link_to("core:plant", row.plant_id, SEE_MEASURES)

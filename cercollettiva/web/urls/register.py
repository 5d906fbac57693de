"""The members' desk: register, cards, fees, files of members, a community's settings, one's own page."""

from django.urls import path

from cercollettiva.web.views import cards, community_settings, fees, me, member_import, registry

app_name = "register"

urlpatterns = [
    path("me/", me.me, name="me"),
    path("cer/<int:pk>/registry/", registry.registry, name="registry"),
    path("cer/<int:pk>/card/", cards.card, name="card"),
    path("cards/<str:token>/", cards.check, name="card-check"),
    path("cer/<int:pk>/fees/", fees.community_fees, name="fees"),
    path("cer/<int:pk>/fees/receipts/<int:payment>/", fees.receipt, name="receipt"),
    path("cer/<int:pk>/fees/cards/<int:job>/", fees.cards_file, name="cards-file"),
    path("cer/<int:pk>/settings/", community_settings.community_settings, name="settings"),
    path("cer/<int:pk>/logo/", community_settings.logo, name="logo"),
    path("cer/<int:pk>/import/", member_import.imports, name="imports"),
    path("cer/<int:pk>/import/<int:key>/", member_import.one_import, name="import"),
]

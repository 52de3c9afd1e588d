"""Where the pages of deals and customers are."""

from django.urls import path, re_path

from customers import exchange
from customers.views import activities, board, customers, days, deals, imports, market, moves, setup

app_name = "customers"
urlpatterns = [
    path("pipeline/", board.board, name="board"),
    path("deals/", deals.deals, name="deals"),
    path("deals/new/", deals.deal_new, name="deal-new"),
    path("deals/<int:pk>/", deals.deal_detail, name="deal-detail"),
    path("deals/<int:pk>/edit/", deals.deal_edit, name="deal-edit"),
    path("deals/<int:pk>/move/", moves.deal_move, name="deal-move"),
    path("deals/<int:pk>/undo/", moves.deal_undo, name="deal-undo"),
    path("deals/<int:pk>/amend/", moves.deal_amend, name="deal-amend"),
    path("deals/<int:pk>/reopen/", moves.deal_reopen, name="deal-reopen"),
    path("deals/<int:pk>/credit/", moves.deal_credit, name="deal-credit"),
    path("deals/<int:pk>/hand-over/", moves.deal_hand_over, name="deal-hand-over"),
    path("my-day/", days.my_day, name="my-day"),
    path("activities/new/", activities.activity_new, name="activity-new"),
    path("activities/<int:pk>/done/", activities.activity_done, name="activity-done"),
    path("customers/", customers.customers, name="customers"),
    path("customers/new/", customers.customer_new, name="customer-new"),
    path("customers/<int:pk>/", customers.customer_detail, name="customer-detail"),
    path("customers/<int:pk>/edit/", customers.customer_edit, name="customer-edit"),
    path("customers/<int:pk>/contacts/new/", customers.contact_new, name="contact-new"),
    path("contacts/<int:pk>/edit/", customers.contact_edit, name="contact-edit"),
    path("setup/stages/", setup.stages, name="stages"),
    path("setup/pipelines/new/", setup.pipeline_new, name="pipeline-new"),
    path("setup/pipelines/<int:pk>/", setup.pipeline_edit, name="pipeline-edit"),
    path("setup/pipelines/<int:pk>/stages/new/", setup.stage_new, name="stage-new"),
    path("setup/stages/<int:pk>/", setup.stage_edit, name="stage-edit"),
    path("setup/stages/<int:pk>/move/", setup.stage_move, name="stage-move"),
    path("setup/stages/<int:pk>/delete/", setup.stage_delete, name="stage-delete"),
    path("setup/words/<slug:kind>/", setup.words, name="words"),
    path("setup/words/<slug:kind>/new/", setup.word_new, name="word-new"),
    path("setup/words/<slug:kind>/<int:pk>/", setup.word_edit, name="word-edit"),
    path("market/sizes/", market.market_sizes, name="market-sizes"),
    path("market/sizes/new/", market.market_size_new, name="market-size-new"),
    path("market/strategies/", market.strategies, name="strategies"),
    path("market/strategies/new/", market.strategy_new, name="strategy-new"),
    path("market/strategies/<int:pk>/", market.strategy_edit, name="strategy-edit"),
    path("imports/", imports.imports, name="imports"),
    path("imports/new/", imports.import_new, name="import-new"),
    re_path(
        r"^imports/template/(?P<shape>deals|events)\.(?P<kind>csv|xlsx)$",
        exchange.import_template,
        name="import-template",
    ),
    path("imports/<int:pk>/map/", imports.import_map, name="import-map"),
    path("imports/<int:pk>/preview/", imports.import_preview, name="import-preview"),
    path("imports/<int:pk>/", imports.import_detail, name="import-detail"),
    path("imports/<int:pk>/problems.csv", exchange.import_problems, name="import-problems"),
    path("imports/<int:pk>/retry/", imports.import_retry, name="import-retry"),
    path("imports/<int:pk>/discard/", imports.import_discard, name="import-discard"),
]

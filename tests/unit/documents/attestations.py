"""Invented attestations, laid out in the ways that distributors' programs know."""

from __future__ import annotations

from tests.support.pdfs import pdf_of

LABELS = {
    "pod_code": "Codice POD",
    "gaudi_request_code": "Codice Richiesta",
    "censimp_code": "Codice CENSIMP",
    "sapr_code": "Codice SAPR",
    "tracking_code": "Codice di rintracciabilità",
    "version_number": "Numero versione attestato",
    "validation_date": "Data di Convalida",
    "expected_operation_date": "Data presunto esercizio",
    "plant_name": "Nome Impianto",
    "plant_type": "Tipologia Impianto",
    "address": "Ubicazione Impianto",
    "grid_operator": "Gestore della rete elettrica",
    "producer_name": "Rag. Sociale",
    "producer_vat": "P.IVA \\ Cod. Fisc.",
    "": "Indirizzo",
    "section_id": "Identificativo Sezione CENSIMP",
    "group_id": "Identificativo Gruppo CENSIMP",
    "remote_disconnect": "Predisposizione Teledistacco",
    "active_power_kw": "Potenza Attiva Nominale del Generatore",
    "apparent_power_kva": "Potenza Apparente Nominale (kVA)",
    "net_power_kw": "Potenza Efficiente Netta",
    "gross_power_kw": "Potenza Efficiente Lorda",
    "voltage_v": "Tensione generatore (V)",
    "expected_yearly_production_kwh": "Produzione Lorda Media Annua (kWh)",
    "grid_feed_type": "Produzione immessa su rete elettrica",
}
OTHER_LABELS = {
    "pod_code": "POD",
    "gaudi_request_code": "CODICE RICHIESTA GAUDI'",
    "censimp_code": "Codice CENSIMP Impianto",
    "tracking_code": "Codice di Rintracciabilita'",
    "version_number": "Versione attestato",
    "validation_date": "Data convalida",
    "expected_operation_date": "Data presunta di entrata in esercizio",
    "plant_name": "Denominazione dell'impianto",
    "plant_type": "Tipo impianto",
    "address": "Ubicazione dell'impianto",
    "grid_operator": "Gestore di rete",
    "producer_name": "Ragione Sociale Produttore",
    "producer_vat": "P.IVA/C.F.",
    "remote_disconnect": "Predisposizione al teledistacco",
    "active_power_kw": "Potenza Attiva Nominale [kW]",
    "apparent_power_kva": "Potenza Apparente Nominale del Generatore (kVA)",
    "grid_feed_type": "Produzione immessa in rete elettrica",
}
WRITTEN = {
    "pod_code": "IT020E00234567X",
    "gaudi_request_code": "301234567",
    "censimp_code": "IM_7654321",
    "sapr_code": "S01IM_7654321",
    "tracking_code": "T1122334455",
    "version_number": "13",
    "validation_date": "01/02/2025 08:00:59",
    "expected_operation_date": "15/03/2025",
    "plant_name": "TETTO CANTINA NICOLÒ",
    "plant_type": "FOTOVOLTAICO",
    "address": "LOCALITÀ CA' BIANCA 3/B, 46100 MANTOVA (MN)",
    "grid_operator": "V-RETI S.P.A.",
    "producer_name": "NICOLÒ & FIGLI S.N.C.",
    "producer_vat": "12345678903",
    "": "VIA ROMA 1",
    "section_id": "SZ_7654321_01",
    "group_id": "GR_7654321_01_01",
    "remote_disconnect": "NO",
    "active_power_kw": "1.099,500 kW",
    "apparent_power_kva": "1.250,000",
    "net_power_kw": "1.050,250 kW",
    "gross_power_kw": "1.080,000 kW",
    "voltage_v": "800",
    "expected_yearly_production_kwh": "1.350.000",
    "grid_feed_type": "SI TUTTA",
}
READ = {
    **WRITTEN,
    "version_number": 13,
    "validation_date": "2025-02-01",
    "expected_operation_date": "2025-03-15",
    "remote_disconnect": False,
    "active_power_kw": 1099.5,
    "apparent_power_kva": 1250.0,
    "net_power_kw": 1050.25,
    "gross_power_kw": 1080.0,
    "voltage_v": 800.0,
    "expected_yearly_production_kwh": 1350000.0,
    "grid_feed_type": "TOTAL",
}
del READ[""]


def same_line(written: dict[str, str] = WRITTEN) -> bytes:
    return pdf_of([(40, 60 + 18 * row, f"{LABELS[key]}: {text}") for row, (key, text) in enumerate(written.items())])


def next_line(written: dict[str, str] = WRITTEN) -> bytes:
    words = []
    for row, (key, text) in enumerate(written.items()):
        words += [(40, 30 + 32 * row, f"{LABELS[key]}:"), (40, 43 + 32 * row, text)]
    return pdf_of(words[: 24 * 2], [(x, y - 24 * 32, text) for x, y, text in words[24 * 2 :]])


def in_columns(written: dict[str, str] = WRITTEN) -> bytes:
    words = []
    for row, (key, text) in enumerate(written.items()):
        words += [(40, 60 + 18 * row, LABELS[key]), (330, 60 + 18 * row, text)]
    return pdf_of(words)


def columns_drawn_one_after_the_other(written: dict[str, str] = WRITTEN) -> bytes:
    labels = [(40.0, 60.0 + 18 * row, f"{LABELS[key]}:") for row, key in enumerate(written)]
    return pdf_of(labels + [(330.0, 60.0 + 18 * row, text) for row, text in enumerate(written.values())])


def two_pairs_a_line(written: dict[str, str] = WRITTEN) -> bytes:
    words = []
    for number, (key, text) in enumerate(written.items()):
        row, left = number // 2, 20 + 290 * (number % 2)
        words += [(left, 60 + 24 * row, f"{LABELS[key]}:"), (left + 165, 60 + 24 * row, text)]
    return pdf_of(words, size=7)


def values_under_a_row_of_labels(written: dict[str, str] = WRITTEN) -> bytes:
    words = []
    for number, (key, text) in enumerate(written.items()):
        row, left = number // 3, 20 + 190 * (number % 3)
        words += [(left, 60 + 40 * row, LABELS[key]), (left, 72 + 40 * row, text)]
    return pdf_of(words, size=7)


def broken_labels(written: dict[str, str] = WRITTEN) -> bytes:
    """Long labels over two lines, the value beside the first or the second of them."""
    words, top = [], 40.0
    for number, (key, text) in enumerate(written.items()):
        front, _, back = LABELS[key].rpartition(" ")
        if len(LABELS[key]) > 26:
            words += [(40, top, front), (40, top + 11, back), (230, top + 11 * (number % 2), text)]
            top += 11
        else:
            words += [(40, top, LABELS[key]), (230, top, text)]
        top += 20
    return pdf_of(words)


def labels_in_narrow_columns(written: dict[str, str] = WRITTEN) -> bytes:
    """Two pairs a line; a label of several words stands in as many lines, its value beside the middle of it."""
    words, top = [], 30.0
    for number, (key, text) in enumerate(written.items()):
        parts = LABELS[key].split(" ") if len(LABELS[key]) > 20 else [LABELS[key]]
        lines = [" ".join(parts[at : at + 2]) for at in range(0, len(parts), 2)]
        left = 20.0 + 290 * (number % 2)
        words += [(left, top + 8 * row, line) for row, line in enumerate(lines)]
        words.append((left + 100, top + 4 * (len(lines) - 1), text))
        top += 44 * (number % 2)
    return pdf_of(words, size=7)


def led_by_dots(written: dict[str, str] = WRITTEN) -> bytes:
    return pdf_of(
        [(40, 60 + 18 * row, f"{LABELS[key]} {'.' * 12} {text}") for row, (key, text) in enumerate(written.items())]
    )


def behind_a_dash(written: dict[str, str] = WRITTEN) -> bytes:
    return pdf_of([(40, 60 + 18 * row, f"{LABELS[key]} - {text}") for row, (key, text) in enumerate(written.items())])


def in_other_words(written: dict[str, str] = WRITTEN) -> bytes:
    """As other programs call the same."""
    words = []
    for row, (key, text) in enumerate(written.items()):
        words += [(40.0, 60.0 + 18 * row, OTHER_LABELS.get(key, LABELS[key])), (330.0, 60.0 + 18 * row, text)]
    return pdf_of(words)


LAYOUTS = (
    same_line,
    next_line,
    in_columns,
    columns_drawn_one_after_the_other,
    two_pairs_a_line,
    values_under_a_row_of_labels,
    broken_labels,
    labels_in_narrow_columns,
    led_by_dots,
    behind_a_dash,
    in_other_words,
)

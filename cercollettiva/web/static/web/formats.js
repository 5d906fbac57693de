// How figures, dates and codes are written for people: the browser's half of cercollettiva/web/formats.py.
// Same names, same options, same results; both sides are tested on the same cases.
// A moment is a Date, milliseconds, or ISO text with its offset; a day alone is "2026-03-05".

export const MISSING = "–";
export const NBSP = "\u00a0";
const MINUS = "−";

const MONTHS = {
  it: "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre".split(" "),
  en: "January February March April May June July August September October November December".split(" "),
};
const WEEKDAYS = {
  it: "domenica lunedì martedì mercoledì giovedì venerdì sabato".split(" "),
  en: "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" "),
};
const AGES = {
  it: { seconds: "{} s fa", minutes: "{} min fa", today: "alle {}", yesterday: "ieri alle {}" },
  en: { seconds: "{} s ago", minutes: "{} min ago", today: "at {}", yesterday: "yesterday at {}" },
};

const pageLocale = () => (globalThis.document?.documentElement.lang.startsWith("en") ? "en" : "it");

// ---- figures ----

/** 1.234,56; with `sign` a figure above zero has its plus. */
export function number(value, decimals = 0, { sign = false, locale = pageLocale() } = {}) {
  const exact = exactly(value);
  return exact === null ? MISSING : written(rounded(exact, decimals), decimals, sign, locale);
}

/** A figure and its unit, such as 231,4 V; a missing figure has no unit. */
export function quantity(value, unit, decimals = 0, options = {}) {
  const text = number(value, decimals, options);
  return text === MISSING ? text : text + NBSP + unit;
}

/** W below 1 kW, then kW with two decimals. [W] */
export function power(watts, { unit = null, ...options } = {}) {
  const exact = exactly(watts);
  if (exact === null) return MISSING;
  unit ??= magnitude(rounded(exact, 0)) < 1000n ? "W" : "kW";
  return unit === "W" ? quantity(exact, "W", 0, options) : quantity(scaled(exact, -3), "kW", 2, options);
}

/** Wh below 1 kWh, kWh with one decimal up to 9.999, then MWh with two; tables ask for three. [mWh] */
export function energy(mwh, { decimals = null, unit = null, ...options } = {}) {
  const exact = exactly(mwh);
  if (exact === null) return MISSING;
  const places = { Wh: 0, kWh: decimals ?? 1, MWh: decimals ?? 2 };
  const amounts = { Wh: scaled(exact, -3), kWh: scaled(exact, -6), MWh: scaled(exact, -9) };
  if (unit === null) {
    if (magnitude(rounded(amounts.Wh, 0)) < 1000n) unit = "Wh";
    else if (magnitude(rounded(amounts.kWh, places.kWh)) < 10_000n * 10n ** BigInt(places.kWh)) unit = "kWh";
    else unit = "MWh";
  }
  return quantity(amounts[unit], unit, places[unit], options);
}

/** 1.234,50 €, or €1,234.50 in English. [cents] */
export function money(cents, { sign = false, locale = pageLocale() } = {}) {
  const exact = exactly(cents);
  if (exact === null) return MISSING;
  if (locale === "it") return quantity(scaled(exact, -2), "€", 2, { sign, locale });
  return number(scaled(exact, -2), 2, { sign, locale }).replace(/^([−+]?)/, "$1€");
}

/** 46 % from 0.46; English has no space. */
export function percent(ratio, decimals = 0, { sign = false, locale = pageLocale() } = {}) {
  const exact = exactly(ratio);
  if (exact === null) return MISSING;
  const text = number(scaled(exact, 2), decimals, { sign, locale });
  return locale === "it" ? `${text}${NBSP}%` : `${text}%`;
}

// ---- dates and times, always of Europe/Rome ----

/** short 05/03/2026, medium 5 mar 2026, long 5 marzo 2026, full giovedì 5 marzo 2026, day giovedì 5 marzo. */
export function date(value, style = "short", { locale = pageLocale() } = {}) {
  const day = dayOf(value);
  if (day === null) return MISSING;
  if (style === "short") return `${two(day.day)}/${two(day.month)}/${four(day.year)}`;
  const name = MONTHS[locale][day.month - 1];
  if (style === "medium") return `${day.day} ${name.slice(0, 3)} ${day.year}`;
  if (style === "long") return `${day.day} ${name} ${day.year}`;
  const weekday = WEEKDAYS[locale][new Date(day.number * 86_400_000).getUTCDay()];
  return style === "full" ? `${weekday} ${day.day} ${name} ${day.year}` : `${weekday} ${day.day} ${name}`;
}

/** 14:00; in the hour that comes twice in October it says which: 02:30 CEST, then 02:30 CET. */
export function time(value) {
  const clock = clockOf(value);
  return clock === null ? MISSING : `${clock.text} ${clock.zone}`.trimEnd();
}

/** 23 nov 2026, 14:00. */
export function instant(value, style = "medium", { locale = pageLocale() } = {}) {
  return clockOf(value) === null ? MISSING : `${date(value, style, { locale })}, ${time(value)}`;
}

/** 14:00–14:15; the last one of a day ends at 24:00, and one that runs over days shows them. */
export function interval(start, end, { locale = pageLocale() } = {}) {
  const from = clockOf(start);
  const to = clockOf(end);
  if (from === null || to === null) return MISSING;
  const days = dayOf(end).number - dayOf(start).number;
  if (days === 1 && to.text === "00:00") to.text = "24:00";
  else if (days !== 0) return `${instant(start, "medium", { locale })} – ${instant(end, "medium", { locale })}`;
  if (from.zone === to.zone) from.zone = "";
  return `${`${from.text} ${from.zone}`.trimEnd()}–${`${to.text} ${to.zone}`.trimEnd()}`;
}

/** marzo 2026. */
export function month(value, { locale = pageLocale() } = {}) {
  const day = dayOf(value);
  return day === null ? MISSING : `${MONTHS[locale][day.month - 1]} ${day.year}`;
}

/** 2026-03, the settlement period as file names have it. */
export function period(value) {
  const day = dayOf(value);
  return day === null ? MISSING : `${four(day.year)}-${two(day.month)}`;
}

/** 12 s fa, 3 min fa, then the time of day, then the date. A moment slightly ahead of our clock is 0 s ago. */
export function age(value, now, { locale = pageLocale() } = {}) {
  const at = millisecondsOf(value);
  if (at === null) return MISSING;
  const words = AGES[locale];
  const seconds = Math.floor((millisecondsOf(now) - at) / 1000);
  if (-60 <= seconds && seconds < 60) return words.seconds.replace("{}", Math.max(seconds, 0));
  if (60 <= seconds && seconds < 3600) return words.minutes.replace("{}", Math.floor(seconds / 60));
  const days = dayOf(now).number - dayOf(value).number;
  if (seconds > 0 && (days === 0 || days === 1)) return words[days ? "yesterday" : "today"].replace("{}", time(value));
  return instant(value, "medium", { locale });
}

// ---- codes ----

/** IT 001 E 12345678; what is not a POD stays as it was written. */
export function pod(code) {
  if (!code?.trim()) return MISSING;
  const match = /^(IT)([0-9]{3})(E)([0-9A-Z]{8,9})$/.exec(code.replace(/\s/g, "").toUpperCase());
  return match ? match.slice(1).join(NBSP) : code.trim();
}

/** In groups of four; masked, only the last four characters can be read. */
export function iban(code, { masked = false } = {}) {
  let compact = (code ?? "").replace(/\s/g, "").toUpperCase();
  if (!compact) return MISSING;
  if (masked) compact = "•".repeat(Math.max(compact.length - 4, 0)) + compact.slice(-4);
  return compact.match(/.{1,4}/g).join(NBSP);
}

// ---- parts ----

// A figure as whole digits and a power of ten, so that scaling and rounding are exact: 12.5 is {digits: 125n, exponent: -1}.
function exactly(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "object") return value;
  if (!Number.isFinite(value)) return null;
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value));
  return { digits: BigInt(sign + whole + fraction), exponent: Number(exponent) - fraction.length };
}

const scaled = ({ digits, exponent }, by) => ({ digits, exponent: exponent + by });
const magnitude = (units) => (units < 0n ? -units : units);

// Whole units of 10^-decimals, rounded half up (away from zero).
function rounded({ digits, exponent }, decimals) {
  const shift = exponent + decimals;
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  const units = (magnitude(digits) * 2n + divisor) / (divisor * 2n);
  return digits < 0n ? -units : units;
}

function written(units, decimals, sign, locale) {
  const [group, comma] = locale === "it" ? [".", ","] : [",", "."];
  const digits = String(magnitude(units)).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, group);
  const text = decimals ? whole + comma + digits.slice(-decimals) : whole;
  if (units < 0n) return MINUS + text;
  return sign && units > 0n ? `+${text}` : text;
}

const two = (figure) => String(figure).padStart(2, "0");
const four = (figure) => String(figure).padStart(4, "0");

const ROME = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Europe/Rome",
  hourCycle: "h23",
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
});

function millisecondsOf(value) {
  if (value === null || value === undefined || value === "") return null;
  const at = typeof value === "string" ? Date.parse(value) : Number(value);
  return Number.isFinite(at) ? at : null;
}

// The wall clock of Rome as if it were UTC, in milliseconds.
function wallOf(at) {
  const part = Object.fromEntries(ROME.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
}

function dayOf(value) {
  const alone = typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value);
  const at = millisecondsOf(value);
  if (at === null) return null;
  const wall = new Date(alone ? at : wallOf(at));
  return {
    year: wall.getUTCFullYear(),
    month: wall.getUTCMonth() + 1,
    day: wall.getUTCDate(),
    number: Math.floor(wall.getTime() / 86_400_000),
  };
}

// The time of day, and the zone where the clock shows the same time twice.
function clockOf(value) {
  const at = millisecondsOf(value);
  if (at === null) return null;
  const wall = wallOf(at);
  const twice = wallOf(at + 3_600_000) === wall || wallOf(at - 3_600_000) === wall;
  const summer = wall - Math.floor(at / 1000) * 1000 > 3_600_000;
  const local = new Date(wall);
  return { text: `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`, zone: twice ? (summer ? "CEST" : "CET") : "" };
}

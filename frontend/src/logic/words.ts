/** Numbers as a person writes them. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** A count: whole from 100 on, one decimal below, as a model's counts are no whole numbers. */
export function count(value: number | null): string {
  if (value === null) return "–";
  return Math.abs(value) >= 100 ? whole.format(value) : tenth.format(value);
}

export function interval(lower: number | null, upper: number | null): string {
  if (lower === null || upper === null) return "";
  return `${count(lower)} to ${count(upper)}`;
}

/** What comes between an error and its cure: the server's errors end without a full stop. */
export function between(error: string): string {
  return /[.!?]$/.test(error) ? " " : "; ";
}

/** A line that begins with a name which is shown before it anyway, without it. */
export function withoutName(name: string, line: string): string {
  return line.startsWith(`${name}: `) ? line.slice(name.length + 2) : line;
}

/** A rest of time, never more exact than it can be known. */
export function duration(seconds: number): string {
  if (seconds < 5) return "a few seconds";
  if (seconds < 90) return `${Math.round(seconds / 5) * 5} seconds`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} minutes`;
  return `${tenth.format(seconds / 3600)} hours`;
}

/** A number of things, of which there are no halves. */
export function number(things: number): string {
  return whole.format(things);
}

export function plural(things: number, one: string, many = `${one}s`): string {
  return `${number(things)} ${things === 1 ? one : many}`;
}

export function bytes(number: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = number;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${tenth.format(value)} ${units[unit] ?? ""}`;
}

export function day(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleDateString("en", { year: "numeric", month: "short", day: "numeric" });
}

/** Sizes of files in words. */
const STEP = 1000;
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** How large a file is, in words of a few figures. */
export function sizeText(bytes: number | null | undefined, language: string): string {
  if (bytes === null || bytes === undefined) return "—";
  const step = Math.min(UNITS.length - 1, bytes < STEP ? 0 : Math.floor(Math.log10(bytes) / 3));
  const unit = { style: "unit", unit: UNITS[step]!, unitDisplay: "short" } as const;
  return (bytes / STEP ** step).toLocaleString(language, { ...unit, maximumFractionDigits: 1 });
}

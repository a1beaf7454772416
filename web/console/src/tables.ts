/** What is on the screen as a file that opens in Excel: Chinese intact, and no text that Excel would run. */
import writeExcel from "write-excel-file/browser";

export interface Column<Row> {
  title: string;
  value: (row: Row) => string | number | null;
}

/** A cell that begins like a formula is text to us, whatever a customer called themselves. */
export function harmless(value: string | number | null): string {
  const text = value === null ? "" : String(value);
  return /^[=+\-@\t\r]/.test(text) && typeof value !== "number" ? `'${text}` : text;
}

export function csvText<Row>(columns: Column<Row>[], rows: Row[]): string {
  const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = [
    columns.map((one) => one.title),
    ...rows.map((row) => columns.map((one) => harmless(one.value(row)))),
  ];
  // The mark at the beginning tells Excel that this is UTF-8.
  return `\ufeff${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
}

export function saveCsv<Row>(name: string, columns: Column<Row>[], rows: Row[]): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csvText(columns, rows)], { type: "text/csv" }));
  link.download = `${name}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

export async function saveXlsx<Row>(name: string, columns: Column<Row>[], rows: Row[]): Promise<void> {
  const head = columns.map((one) => ({ value: one.title, fontWeight: "bold" as const }));
  const body = rows.map((row) =>
    columns.map((one) => {
      const value = one.value(row);
      return typeof value === "number" ? { value, type: Number } : { value: harmless(value), type: String };
    }),
  );
  await writeExcel([head, ...body]).toFile(`${name}.xlsx`);
}

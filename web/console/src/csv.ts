/** Writes a table as CSV that Excel opens as UTF-8, in which no value is a formula. */

/** What a sheet would take for a formula or a command; Excel of the Far East takes wide signs as well. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

const cell = (text: string): string => {
  const plain = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};

export const csvOf = (rows: string[][]): string =>
  `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;

/** Hands a text to the browser as a file; nothing of it goes anywhere else. */
export function saveText(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

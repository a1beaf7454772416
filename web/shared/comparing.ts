/** The one form in which typed text is compared, as the server compares it: case, width, blanks and what cannot be seen mean nothing. */

const UNSEEN = /[\p{Z}\p{C}\p{Default_Ignorable_Code_Point}\u2800]/gu;

export function comparable(typed: string): string {
  return typed.replace(UNSEEN, "").normalize("NFKC").toLowerCase().normalize("NFKC").replace(UNSEEN, "");
}

import type { Schema } from "../../api/client";
import { rangeIn, type DayRange, type ReadAddress } from "../../lib/ranges";
import type { CardChoice } from "../../ui/RadioCards.svelte";

type Form = Schema<"ExportForm">;

/** The forms of the ledger's file. A journal can be imported into a general ledger. */
export const FORMS: readonly (CardChoice<Form> & {
  /** How its accounts are found, with some of them. Null for a table, which names none. */
  accounts: string | null;
})[] = [
  {
    value: "xlsx",
    label: "Excel workbook",
    hint: "Each ledger entry is a row, with Stripe’s IDs. To read or to check.",
    accounts: null,
  },
  {
    value: "csv",
    label: "CSV",
    hint: "The same rows as text, for any spreadsheet.",
    accounts: null,
  },
  {
    value: "quickbooks",
    label: "QuickBooks Online",
    hint: "Journal entries. QuickBooks finds your accounts by name.",
    accounts: "“Due from PPS”, “PPS sales”, “PPS refunds” and “Stripe fees”",
  },
  {
    value: "xero",
    label: "Xero",
    hint: "Manual journals. Xero finds your accounts by code and makes drafts.",
    accounts: "“PPSOWES”, “PPSSALES”, “PPSREFUND” and “PPSFEES”",
  },
  {
    value: "hledger",
    label: "hledger",
    hint: "A journal to include in yours. It declares its accounts.",
    accounts: "“Assets:PPS-Receivable”, “Income:Sales” and “Income:Refunds”",
  },
  {
    value: "beancount",
    label: "beancount",
    hint: "A ledger to include in yours. It opens its accounts.",
    accounts: "“Assets:PPS-Receivable”, “Income:Sales” and “Income:Refunds”",
  },
];

type Totals = "entry" | "day";

/** What a transaction of a journal covers. */
export const TOTALS: readonly CardChoice<Totals>[] = [
  { value: "entry", label: "One per ledger entry", hint: "Each sale, refund and payout by itself" },
  { value: "day", label: "One per day", hint: "A shorter file, with the sums of each day" },
];

/** Which days of the ledger, in which form, as the API takes it. */
export interface LedgerFile extends DayRange {
  format: Form;
  totals: Totals;
  openings: boolean;
}

/** Returns the file that an address asks for. Without both days it has the given month. */
export function ledgerFile(address: ReadAddress, month: DayRange): LedgerFile {
  const range = rangeIn(address);
  const { from, to } = range.from === "" || range.to === "" ? month : range;
  const form = FORMS.find(({ value }) => value === address("format"));
  return {
    from,
    to,
    format: form?.value ?? "xlsx",
    totals: address("totals") === "day" ? "day" : "entry",
    openings: address("openings") === "true",
  };
}

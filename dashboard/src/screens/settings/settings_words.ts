import type { Schema } from "../../api/client";
import { wordsOf } from "../../lib/words";

export type Role = Schema<"StudioRole">;
export type User = Schema<"UserView">;
type Settings = Schema<"StudioSettingsView">;

/** What a role is called, and what it may do. */
export const ROLES: Record<Role, { text: string; may: string }> = {
  owner: { text: "Owner", may: "Everything in the studio, and its users." },
  staff: {
    text: "Staff",
    may: "Orders, refunds up to a limit, canceling prints, messages and reports. No payouts.",
  },
  print_operator: { text: "Print operator", may: "The Print Station. No amounts." },
  bookkeeper: { text: "Bookkeeper", may: "Reads orders, reports and payouts. Changes nothing." },
};

export const ROLE_CHOICES = (Object.keys(ROLES) as Role[]).map((value) => ({
  value: value as string,
  text: ROLES[value].text,
}));

export const isRole = (text: string): text is Role => Object.hasOwn(ROLES, text);

export function roleText(role: string): string {
  if (role === "pps_admin") return "PPS admin";
  return isRole(role) ? ROLES[role].text : wordsOf(role);
}

const ACTIONS: Record<string, string> = {
  read_orders: "Find and read orders",
  request_refund: "Refund orders",
  read_refund: "Read refunds",
  cancel_fulfillment: "Cancel prints",
  read_print_queue: "See the Print Station",
  work_print_queue: "Claim, print and ship",
  send_message: "Write to parents",
  read_reports: "Read reports",
  read_payouts: "Read payouts",
  read_attention: "See what needs attention",
  resolve: "Resolve what needs attention",
  read_adjustments: "Read adjustments by PPS",
  propose_adjustment: "Propose adjustments",
  decide_adjustment: "Approve and reject adjustments",
  read_studios: "See all studios",
  read_users: "See the studio's users",
  manage_users: "Invite, change and remove users",
};

export const actionText = (code: string): string => ACTIONS[code] ?? wordsOf(code);

/** Returns hundredths of a percent as a percentage: 1250 is `12.5%`. */
export function bpsText(bps: number, locale?: string): string {
  const decimal = `${Math.trunc(bps / 10_000)}.${String(bps % 10_000).padStart(4, "0")}`;
  return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 2 }).format(
    decimal as Intl.StringNumericLiteral,
  );
}

/** Returns how people of a locale write numbers: `As in German (Germany): 1234,50`. */
export function numbersText(studioLocale: string, locale?: string): string {
  const name = new Intl.DisplayNames(locale, { type: "language" }).of(studioLocale);
  const number = new Intl.NumberFormat(studioLocale, {
    minimumFractionDigits: 2,
    useGrouping: false,
  }).format(1234.5);
  return `As in ${name}: ${number}`;
}

/** Returns when payouts are made: `Every week, on Monday`. */
export function scheduleText(settings: Pick<Settings, "payout_interval" | "payout_weekday">) {
  const { payout_interval, payout_weekday } = settings;
  const every: Record<string, string> = {
    daily: "Every day",
    weekly: "Every week",
    monthly: "Every month",
    manual: "On request",
  };
  const interval = every[payout_interval] ?? wordsOf(payout_interval);
  return payout_weekday === null ? interval : `${interval}, on ${wordsOf(payout_weekday)}`;
}

/** What stands next to a user who is disabled, or whose last change was interrupted. */
export function unfinishedText(user: User): string | null {
  switch (user.status) {
    case "inviting":
      return "The invitation was interrupted. Invite the same person again to finish it.";
    case "changing":
      return "The change of the role was interrupted. Choose the role again to finish it.";
    case "disabled":
      return "Disabled: this user cannot sign in. PPS can enable them again.";
    case "disabling":
    case "enabling":
      return "PPS is changing whether this user may sign in.";
    case "removing":
      return "The removal was interrupted. Remove the user again to finish it.";
    default:
      return null;
  }
}

import type { Component } from "svelte";
import type { Action } from "./auth/session.svelte";
import { matchPath, type RouteParams } from "./lib/routes";
import type { IconName } from "./ui/Icon.svelte";

/** What each screen's component is given. */
export interface ScreenProps {
  params: RouteParams;
}

type ScreenModule = { default: Component<ScreenProps> | Component };

/** A screen: its address, who may open it, and the code that is loaded when it is opened. */
export interface Screen {
  /** The first is the screen's own address. The others open a panel in it. */
  patterns: readonly string[];
  /** Null for what everybody may open. */
  action: Action | null;
  /** For a PPS admin too, before a studio is chosen. */
  withoutStudio?: boolean;
  load: () => Promise<ScreenModule>;
}

export interface MenuEntry {
  text: string;
  icon: IconName;
  href: string;
  action: Action | null;
  /** Shows how many things wait there. */
  counts?: boolean;
}

export interface MenuGroup {
  title: string | null;
  entries: readonly MenuEntry[];
}

export const SCREENS: readonly Screen[] = [
  {
    patterns: ["/orders/:orderId?"],
    action: "read_orders",
    load: () => import("./screens/orders/AllOrders.svelte"),
  },
  {
    patterns: ["/print-station"],
    action: "read_print_queue",
    load: () => import("./screens/print_station/PrintStation.svelte"),
  },
  {
    patterns: ["/attention"],
    action: "read_attention",
    load: () => import("./screens/attention/NeedsAttention.svelte"),
  },
  {
    patterns: ["/reports/refunds"],
    action: "read_reports",
    load: () => import("./screens/reports/Refunds.svelte"),
  },
  {
    patterns: ["/reports/patterns"],
    action: "read_reports",
    load: () => import("./screens/reports/Patterns.svelte"),
  },
  {
    patterns: ["/reports/books"],
    action: "read_reports",
    load: () => import("./screens/reports/Books.svelte"),
  },
  {
    patterns: ["/payouts/:payoutId?"],
    action: "read_payouts",
    load: () => import("./screens/payouts/Payouts.svelte"),
  },
  {
    patterns: ["/studios"],
    action: "read_studios",
    withoutStudio: true,
    load: () => import("./screens/studios/ChooseStudio.svelte"),
  },
  {
    patterns: ["/settings"],
    action: null,
    withoutStudio: true,
    load: () => import("./screens/settings/Settings.svelte"),
  },
];

/** The menu, by the paths that the guide names. */
export const MENU: readonly MenuGroup[] = [
  {
    title: "Production",
    entries: [
      { text: "Orders", icon: "orders", href: "/orders", action: "read_orders" },
      {
        text: "Print Station",
        icon: "print",
        href: "/print-station",
        action: "read_print_queue",
      },
      {
        text: "Needs Attention",
        icon: "attention",
        href: "/attention",
        action: "read_attention",
        counts: true,
      },
    ],
  },
  {
    title: "Reports",
    entries: [
      { text: "Refunds", icon: "refunds", href: "/reports/refunds", action: "read_reports" },
      { text: "Patterns", icon: "patterns", href: "/reports/patterns", action: "read_reports" },
      { text: "Books", icon: "books", href: "/reports/books", action: "read_reports" },
    ],
  },
  {
    title: null,
    entries: [
      { text: "Payouts", icon: "payouts", href: "/payouts", action: "read_payouts" },
      { text: "Studios", icon: "studios", href: "/studios", action: "read_studios" },
      { text: "Settings", icon: "settings", href: "/settings", action: null },
    ],
  },
];

/** Returns the screen at a path with its parameters, or null. */
export function screenAt(path: string): { screen: Screen; params: RouteParams } | null {
  for (const screen of SCREENS) {
    for (const pattern of screen.patterns) {
      const params = matchPath(pattern, path);
      if (params !== null) return { screen, params };
    }
  }
  return null;
}

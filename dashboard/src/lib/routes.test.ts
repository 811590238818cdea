import { expect, test } from "vitest";
import { matchPath, path } from "./routes";

test("a path gives its parameters, and optional ones may be missing", () => {
  expect(matchPath("/orders/:orderId?", "/orders")).toEqual({});
  expect(matchPath("/orders/:orderId?", "/orders/ord_100")).toEqual({ orderId: "ord_100" });
  expect(matchPath("/orders/:orderId?", "/orders/ord_100/more")).toBeNull();
  expect(matchPath("/orders/:orderId", "/orders")).toBeNull();
  expect(matchPath("/reports/refunds", "/reports/patterns")).toBeNull();
});

test("an id with separators survives the address", () => {
  const id = "a/b c?d#e%f";
  expect(matchPath("/orders/:orderId", path("orders", id))).toEqual({ orderId: id });
});

test("a broken encoding matches nothing", () => {
  expect(matchPath("/orders/:orderId", "/orders/%E0%A4%A")).toBeNull();
});

import { describe, expect, it } from "vitest";
import {
  actionText,
  bpsText,
  numbersText,
  roleText,
  scheduleText,
  unfinishedText,
  type User,
} from "./settings_words";

describe("the settings", () => {
  it("show a share without rounding it", () => {
    expect(bpsText(1500, "en-US")).toBe("15%");
    expect(bpsText(725, "en-US")).toBe("7.25%");
    expect(bpsText(10_000, "en-US")).toBe("100%");
  });

  it("say how a studio's people write numbers", () => {
    expect(numbersText("nb-NO", "en-US")).toBe("As in Norwegian Bokmål (Norway): 1234,50");
    expect(numbersText("en-US", "en-US")).toBe("As in American English: 1234.50");
  });

  it("say when payouts are made", () => {
    expect(scheduleText({ payout_interval: "weekly", payout_weekday: "monday" })).toBe(
      "Every week, on Monday",
    );
    expect(scheduleText({ payout_interval: "daily", payout_weekday: null })).toBe("Every day");
  });

  it("name roles and actions, known or not", () => {
    expect(roleText("print_operator")).toBe("Print operator");
    expect(roleText("pps_admin")).toBe("PPS admin");
    expect(roleText("toString")).toBe("ToString");
    expect(actionText("request_refund")).toBe("Refund orders");
    expect(actionText("fly_to_the_moon")).toBe("Fly to the moon");
  });

  it("say how to finish a change of a user that was interrupted", () => {
    const user = { status: "changing" } as User;
    expect(unfinishedText(user)).toContain("again");
    expect(unfinishedText({ ...user, status: "active" })).toBeNull();
  });
});

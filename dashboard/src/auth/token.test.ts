import { expect, test } from "vitest";
import { readIdToken, readLifetime } from "./token";

const token = (claims: object) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;

test("a token says who is signed in, also with a name beyond ASCII", () => {
  const claims = {
    "cognito:username": "zoë.山田",
    "cognito:groups": ["owner", "staff"],
    "custom:studio_id": "st_lakeside",
  };
  expect(readIdToken(token(claims))).toEqual({
    user: "zoë.山田",
    roles: ["owner", "staff"],
    studioId: "st_lakeside",
  });
});

test("a user without groups has no roles, and a PPS admin no studio", () => {
  expect(readIdToken(token({ sub: "1" }))).toEqual({ user: "1", roles: [], studioId: null });
});

test("a token's life is measured from its issue, whatever this machine's clock says", () => {
  expect(readLifetime(token({ iat: 1_000, exp: 4_600 }))).toBe(3_600_000);
});

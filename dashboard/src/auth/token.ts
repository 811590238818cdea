/** Who an ID token says is signed in. */
export interface Identity {
  user: string;
  roles: Role[];
  /** Null for a PPS admin, who belongs to no studio. */
  studioId: string | null;
}

export type Role = "owner" | "staff" | "print_operator" | "bookkeeper" | "pps_admin";

/** Reads an ID token. The API verifies it; the page only shows what it says. */
export function readIdToken(token: string): Identity {
  const claims = readClaims(token);
  const groups = claims["cognito:groups"];
  const studio = claims["custom:studio_id"];
  return {
    user: String(claims["cognito:username"] ?? claims["sub"] ?? ""),
    roles: (Array.isArray(groups) ? groups : []) as Role[],
    studioId: typeof studio === "string" ? studio : null,
  };
}

/** How long a token is valid from its issue, in milliseconds. */
export function readLifetime(token: string): number {
  const { exp, iat } = readClaims(token);
  return (Number(exp) - Number(iat)) * 1_000;
}

function readClaims(token: string): Record<string, unknown> {
  const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
  const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}

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
  const payload = token.split(".")[1] ?? "";
  const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (character) =>
    character.charCodeAt(0),
  );
  const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  const groups = claims["cognito:groups"];
  return {
    user: String(claims["cognito:username"] ?? claims["sub"] ?? ""),
    roles: (Array.isArray(groups) ? groups : []) as Role[],
    studioId: typeof claims["custom:studio_id"] === "string" ? claims["custom:studio_id"] : null,
  };
}

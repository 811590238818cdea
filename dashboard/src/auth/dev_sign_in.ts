import { SignedOutError, type SignIn } from "./sign_in";

const DEFAULT_STUDIO = "st_lakeside";
const DEFAULT_ROLE = "owner";

/**
 * Signs in with the tokens of a running local stack, for `vite dev` alone.
 *
 * `?as=staff.st_lakeside` in the address chooses the user, and the tab remembers it.
 */
export function devSignIn(): SignIn {
  const asked = new URLSearchParams(window.location.search).get("as");
  if (asked !== null) sessionStorage.setItem("dev:as", asked);
  const [role = DEFAULT_ROLE, studio = DEFAULT_STUDIO] = (sessionStorage.getItem("dev:as") ?? "")
    .split(".", 2)
    .map((part) => part || undefined);
  let token: Promise<string> | null = null;
  return {
    token: ({ renew } = { renew: false }) => {
      if (token === null || renew) token = read(studio, role);
      return token;
    },
    signOut: async () => {
      sessionStorage.clear();
      window.location.assign("/");
    },
  };
}

async function read(studio: string, role: string): Promise<string> {
  const response = await fetch("/dev/tokens.json");
  const tokens = (await response.json()) as Record<string, Record<string, string>>;
  const token = tokens[studio]?.[role];
  if (token === undefined) throw new SignedOutError();
  return token;
}

import { save, type FileToSave } from "./download";
import type { Asking } from "../api/exports";

/** How an export goes. */
export type ExportState =
  { step: "idle" | "asking" | "writing" | "done" } | { step: "failed"; error: unknown };

/** Exports files, one at a time, until the screen is left. Create it while the screen is set up. */
export class FileExport {
  state = $state.raw<ExportState>({ step: "idle" });
  readonly #leaving = new AbortController();

  constructor() {
    $effect(() => () => this.#leaving.abort());
  }

  get busy(): boolean {
    return this.state.step === "asking" || this.state.step === "writing";
  }

  /** Asks for a file and lets the browser save it, unless another one is on its way. */
  async start(ask: (asking: Asking) => Promise<FileToSave>): Promise<void> {
    if (this.busy) return;
    const { signal } = this.#leaving;
    this.state = { step: "asking" };
    try {
      save(await ask({ onwriting: () => (this.state = { step: "writing" }), signal }));
      this.state = { step: "done" };
    } catch (error) {
      if (!signal.aborted) this.state = { step: "failed", error };
    }
  }
}

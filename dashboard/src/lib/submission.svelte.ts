/** Sends a dialog's form, one at a time, and keeps the failure for the dialog to show. */
export class Submission {
  sending = $state(false);
  failure = $state.raw<unknown>(null);

  /** Sends, unless it is sending already. */
  async send(send: () => Promise<void>): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    this.failure = null;
    try {
      await send();
    } catch (error) {
      this.failure = error;
    } finally {
      this.sending = false;
    }
  }
}

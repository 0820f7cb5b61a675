/**
 * Wakes those who follow what is recorded. Keeps nothing but whether there is something new: what it is, each listener reads from
 * the database, so that a slow one costs no memory.
 *
 * Imports: api (types).
 *
 * @module
 */

import type { EventHub, Subscription } from "../api/deps.ts";

/** Listeners at a time. */
export const MAX_SUBSCRIBERS = 32;

interface Listener {
  isNews: boolean;
  wake: ((news: boolean) => void) | null;
  closed: boolean;
}

/** The hub of one api role. */
export class RowHub implements EventHub {
  readonly #listeners = new Set<Listener>();

  get subscribers(): number {
    return this.#listeners.size;
  }

  /** Rows were written. */
  notify(): void {
    for (const listener of this.#listeners) {
      if (listener.wake === null) listener.isNews = true;
      else listener.wake(true);
    }
  }

  subscribe(): Subscription | null {
    if (this.#listeners.size >= MAX_SUBSCRIBERS) return null;
    const listener: Listener = { isNews: false, wake: null, closed: false };
    this.#listeners.add(listener);
    return {
      next: (ms) => waitFor(listener, ms),
      close: () => {
        listener.closed = true;
        this.#listeners.delete(listener);
        listener.wake?.(false);
      },
    };
  }
}

function waitFor(listener: Listener, ms: number): Promise<boolean> {
  if (listener.isNews || listener.closed) {
    const { isNews } = listener;
    listener.isNews = false;
    return Promise.resolve(isNews && !listener.closed);
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => listener.wake?.(false), ms);
    listener.wake = (news) => {
      clearTimeout(timer);
      listener.wake = null;
      resolve(news);
    };
  });
}

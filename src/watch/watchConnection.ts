import {type ApiCall, type Transport, TransportError} from '../kube/transport.ts';
import type {Clock} from '../lib/clock.ts';
import type {TimeSlice} from '../lib/timeSlice.ts';
import {SilenceTimer} from './silenceTimer.ts';
import {parseWatchLine, type Refusal, refusalOf, type WatchEvent} from './watchEvent.ts';

/** How one watch connection ended. */
export type WatchEnd =
  /** The server ended it, as it does when `timeoutSeconds` are over. */
  | {readonly kind: 'ended'}
  /** `signal` aborted. */
  | {readonly kind: 'stopped'}
  /** Nothing came for too long: a dead peer looks like a quiet one. */
  | {readonly kind: 'silent'}
  | {readonly kind: 'broken'; readonly cause: TransportError; readonly wasOpen: boolean}
  | {readonly kind: 'unparsed'; readonly line: string}
  /** An HTTP status of 400 and above, or an ERROR event. */
  | ({readonly kind: 'refused'} & Refusal);

export interface WatchConnectionOptions {
  readonly transport: Transport;
  readonly call: ApiCall;
  readonly clock: Clock;
  readonly silenceMs: number;
  /** Parsing a line is most of the work of a watch; whoever takes the events rests. */
  readonly slice: TimeSlice;
}

/** Longest part of an unparsed line that is kept for the log. */
const LINE_EXCERPT = 120;

type LiveEvent = Exclude<WatchEvent, {kind: 'error'}>;

/**
 * Opens one watch and gives its events; returns how it ended. Never throws for what a server or a
 * network does. Leaving early (`return`) closes the connection.
 */
export async function* watchConnection(
  {transport, call, clock, silenceMs, slice}: WatchConnectionOptions,
  signal: AbortSignal,
): AsyncGenerator<LiveEvent, WatchEnd> {
  const silence = new AbortController();
  const timer = new SilenceTimer({clock, silenceMs, onSilence: () => silence.abort()});
  timer.start();
  let wasOpen = false;
  try {
    const either = AbortSignal.any([signal, silence.signal]);
    // Noted, as asking a joined signal again for each line is dear.
    let isOver = either.aborted;
    either.addEventListener('abort', () => {
      isOver = true;
    });
    const reply = await transport.watch(call, either);
    if (reply.status >= 400) {
      return {kind: 'refused', ...refusalOf(reply.error, reply.status, reply.retryAfterMs)};
    }
    wasOpen = true;
    for await (const line of reply.lines) {
      if (isOver) break;
      timer.heard();
      const event = slice.work(() => parseWatchLine(line));
      if (event === undefined) return {kind: 'unparsed', line: line.slice(0, LINE_EXCERPT)};
      if (event.kind === 'error') return {...event, kind: 'refused'};
      yield event;
    }
    return endOf(signal, silence.signal);
  } catch (error) {
    // An aborted transport may end, or throw whatever it likes.
    if (signal.aborted || silence.signal.aborted) return endOf(signal, silence.signal);
    if (error instanceof TransportError) return {kind: 'broken', cause: error, wasOpen};
    throw error;
  } finally {
    timer.stop();
    silence.abort();
  }
}

function endOf(signal: AbortSignal, silence: AbortSignal): WatchEnd {
  if (signal.aborted) return {kind: 'stopped'};
  return {kind: silence.aborted ? 'silent' : 'ended'};
}

import { createHash } from 'node:crypto';
import path from 'node:path';
import type { SinkSettings } from './settings.ts';
import type { WrittenSink } from './settings-written.ts';

/** Hexadecimal digits that tell two addresses of one host apart. */
const NAME_DIGITS = 8;

/**
 * What a sink is called that was given no name: its type, whom it tells, and a hash of its address, which may hold a
 * secret. It stays the same wherever the sink stands in the list.
 */
export function nameOfSink(sink: WrittenSink): string {
  return [sink.type, ...receiverOf(sink), hashOf(addressOf(sink)).slice(0, NAME_DIGITS)].join('-');
}

/** The same for two sinks of one type and address, whatever they are called. Holds no secret. */
export function identityOfSink(sink: SinkSettings): string {
  return hashOf([sink.type, ...addressOf(sink)]);
}

function receiverOf(sink: WrittenSink): readonly string[] {
  switch (sink.type) {
    case 'alertmanager':
      return hostOf(sink.urls[0]);
    case 'webhook':
      return typeof sink.url === 'string' ? hostOf(sink.url) : [];
    case 'pagerduty':
      return sink.url === undefined ? [] : hostOf(sink.url);
    case 'slack':
      return [];
    case 'exec':
      return [path.basename(sink.command[0] ?? '')];
  }
}

function addressOf(sink: WrittenSink | SinkSettings): readonly unknown[] {
  switch (sink.type) {
    case 'alertmanager':
      return sink.urls;
    case 'webhook':
    case 'slack':
      return [sink.url];
    case 'pagerduty':
      return [sink.url ?? null, 'routingKey' in sink ? sink.routingKey : sink.routing_key];
    case 'exec':
      return sink.command;
  }
}

function hostOf(url: string | undefined): readonly string[] {
  return url !== undefined && URL.canParse(url) ? [new URL(url).hostname] : [];
}

function hashOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

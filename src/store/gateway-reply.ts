// What one exchange with the gateway means.
import { gatewayErrorFrom, saysNothingDone } from './gateway-error.ts';
import type { Exchange } from './http-line.ts';
import { recordFromText, type JsonRecord } from './json-record.ts';

export type Reply =
  | { readonly kind: 'ok'; readonly body: JsonRecord; readonly sentAtMs: number }
  /** etcd understood and did nothing; another member would say the same. */
  | { readonly kind: 'rejected'; readonly why: string }
  /** `sent`: it may have reached etcd, so a write may have happened or may still happen. */
  | { readonly kind: 'failed'; readonly sent: boolean; readonly why: string };

export function replyFrom(exchange: Exchange): Reply {
  if (exchange.kind !== 'answered') return { kind: 'failed', sent: exchange.kind === 'noAnswer', why: exchange.why };
  const { status, body: text, sentAtMs } = exchange;
  const body = recordFromText(text);
  if (body === undefined)
    return { kind: 'failed', sent: true, why: `HTTP ${status} and no JSON object: ${text.slice(0, 120)}` };
  const error = gatewayErrorFrom(body);
  if (error !== undefined) {
    if (saysNothingDone(error)) return { kind: 'rejected', why: error.message };
    return { kind: 'failed', sent: true, why: error.message };
  }
  if (status !== 200) return { kind: 'failed', sent: true, why: `HTTP ${status}: ${text.slice(0, 120)}` };
  return { kind: 'ok', body, sentAtMs };
}

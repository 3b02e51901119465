import { type Answer, text } from './answer.ts';
import type { ApiRequest, Office } from './endpoint.ts';
import { beatLine } from './heartbeat-body.ts';

/** Lines of beats for as long as this member leads and somebody listens. */
export function getHeartbeat(_: ApiRequest, { desk }: Office): Answer {
  return {
    status: 200,
    contentType: 'application/x-ndjson',
    stream: (lines) => {
      const stop = desk.heartbeat((beat) => {
        if (beat === undefined) lines.end();
        else lines.write(beatLine(beat));
      });
      return stop ?? text(503, 'this member does not lead');
    },
  };
}

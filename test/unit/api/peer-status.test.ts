import { expect, test } from 'vitest';
import { peerStatusFrom } from '../../../src/api/peer-status.ts';
import { lsn } from '../../../src/core/model/lsn.ts';

test.each<{ name: string; text: string; status: unknown }>([
  {
    name: 'a primary',
    text: '{"state":"running","role":"master","xlog":{"location":67393056},"timeline":1,"tags":{"nofailover":true}}',
    status: {
      role: 'primary',
      state: 'running',
      location: lsn(67393056),
      timeline: 1,
      tags: { nofailover: true },
      watchdogFailed: false,
    },
  },
  {
    name: 'a standby',
    text: '{"state":"running","role":"replica","xlog":{"received_location":7,"replayed_location":5,"paused":false},"timeline":null}',
    status: {
      role: 'replica',
      state: 'running',
      receivedLsn: lsn(7),
      replayedLsn: lsn(5),
      tags: {},
      watchdogFailed: false,
    },
  },
  {
    name: 'one whose watchdog failed',
    text: '{"state":"running","role":"replica","xlog":{"received_location":7},"watchdog_failed":true}',
    status: { role: 'replica', state: 'running', receivedLsn: lsn(7), tags: {}, watchdogFailed: true },
  },
  { name: 'no position', text: '{"state":"stopped","role":"replica"}', status: undefined },
  { name: 'no JSON', text: '<html>', status: undefined },
  { name: 'no object', text: '[]', status: undefined },
])('$name', ({ text, status }) => expect(peerStatusFrom(text)).toEqual(status));

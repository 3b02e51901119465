import { describe, expect, test } from 'vitest';
import { eventsOf, explainRoles } from '../../../chaos/net/role-changes.ts';

const AT = '2026-11-26 08:00:00,000 INFO:';
const goes = (member: string, timeline: number): string =>
  `${AT} ${member} goes for the leader key: it was released event=leader.acquired rule=V12 previous=a manner=released timeline=${timeline} behindBytes=0`;
const promoted = `${AT} PostgreSQL left recovery event=postgres.promoted rule=P01`;

function told(lines: Readonly<Record<string, readonly string[]>>) {
  return Object.entries(lines).flatMap(([member, log]) => eventsOf(member, log.join('\n')));
}

describe('the cause of a change of roles', () => {
  test('is told once: who went for the key, by which rule, and why', () => {
    const story = explainRoles([2], told({ b: [goes('b', 2), promoted], c: [`${AT} nothing of note rule=R01`] }));
    expect(story.unexplained).toEqual([]);
    expect(story.changes).toEqual([
      { timeline: 2, told: 'b by V12: b goes for the leader key: it was released (released)' },
    ]);
  });

  test('is one although another one went for the same key and lost', () => {
    const story = explainRoles([2], told({ b: [goes('b', 2), promoted], c: [goes('c', 2)] }));
    expect(story.unexplained).toEqual([]);
  });

  test('is missing when nobody tells of that timeline', () => {
    expect(explainRoles([3], told({ b: [goes('b', 2), promoted] })).unexplained).toEqual([
      'nobody says why timeline 3 began',
    ]);
  });

  test('is not one when two promoted under the same number', () => {
    const story = explainRoles([2], told({ b: [goes('b', 2), promoted], c: [goes('c', 2), promoted] }));
    expect(story.unexplained.join()).toMatch(/timeline 2 was begun twice: b by V12: .* c by V12/);
  });

  test('is wanting when somebody promoted who had not gone for the key', () => {
    const story = explainRoles([2], told({ b: [goes('b', 2), promoted, promoted] }));
    expect(story.unexplained).toEqual(['b promoted without having gone for the key']);
  });

  test('may be one of a timeline that nobody followed', () => {
    const story = explainRoles([3], told({ b: [goes('b', 2), promoted], c: [goes('c', 3), promoted] }));
    expect(story.unexplained).toEqual([]);
    expect(story.changes.map(({ timeline }) => timeline)).toEqual([3]);
  });

  test('is wanting when numbers do not grow', () => {
    const story = explainRoles([4, 3], told({ b: [goes('b', 4), promoted], c: [goes('c', 3), promoted] }));
    expect(story.unexplained).toEqual(['timeline 3 is not behind the one before it']);
  });
});

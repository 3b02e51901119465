import { describe, expect, it } from 'vitest';
import { etcdOptionsFrom, type EtcdSection } from '../../../src/store/endpoints.ts';

describe('etcdOptionsFrom', () => {
  it.each<[string, EtcdSection, readonly string[]]>([
    ['a host', { host: 'db1' }, ['http://db1:2379']],
    ['a host with a port', { host: '10.0.0.1:1234' }, ['http://10.0.0.1:1234']],
    ['hosts as a list', { hosts: ['a:1', 'b'], protocol: 'https' }, ['https://a:1', 'https://b:2379']],
    ['hosts as one text', { hosts: ' a:1, b ,a:1,' }, ['http://a:1', 'http://b:2379']],
    ['a default port', { hosts: 'a,b:1', port: 4001 }, ['http://a:4001', 'http://b:1']],
    [
      'IPv6 addresses',
      { hosts: ['[::1]:1', '::1', '[fe80::1]'] },
      ['http://[::1]:1', 'http://[::1]:2379', 'http://[fe80::1]:2379'],
    ],
    ['hosts before host', { host: 'x', hosts: 'y' }, ['http://y:2379']],
    ['a url before hosts', { url: 'https://a:1/', hosts: 'y' }, ['https://a:1']],
    ['a url without a port', { url: 'https://a' }, ['https://a:2379']],
    ['a url with the port of its protocol', { url: 'http://u:p@a:80' }, ['http://a:80']],
  ])('%s', (_, section, endpoints) => {
    expect(etcdOptionsFrom(section)).toMatchObject({ kind: 'ok', options: { endpoints } });
  });

  it('takes the user of a url in place of the plain keys', () => {
    const url = 'http://ann:p%40ss@a:1';
    const options = { endpoints: ['http://a:1'], username: 'ann', password: 'p@ss', tls: undefined };
    expect(etcdOptionsFrom({ url, username: 'x', password: 'y' })).toEqual({ kind: 'ok', options });
  });

  it('passes user and TLS files on', () => {
    const section = { host: 'a', protocol: 'https', username: 'ann', password: 'pw', cacert: '/ca', cert: '/cert' };
    expect(etcdOptionsFrom(section)).toMatchObject({
      kind: 'ok',
      options: { username: 'ann', password: 'pw', tls: { ca: '/ca', cert: '/cert', key: undefined } },
    });
  });

  it.each<[string, EtcdSection, string]>([
    ['nothing', {}, 'host'],
    ['empty hosts', { hosts: ' , ' }, 'hosts'],
    ['a port too big', { host: 'a:70000' }, 'host'],
    ['a default port that is none', { host: 'a', port: 'x' }, 'host'],
    ['a url among hosts', { hosts: ['http://a:1'] }, 'hosts'],
    ['a url that is none', { url: 'a:1' }, 'url'],
    ['a url of another protocol', { url: 'ftp://a:1' }, 'url'],
    ['a url with a path', { url: 'http://a:1/v2' }, 'url'],
    ['an unknown protocol', { host: 'a', protocol: 'grpc' }, 'protocol'],
    ['a password without a user', { host: 'a', password: 'geheim' }, 'username'],
    ['a key without a certificate', { host: 'a', key: '/k' }, 'key'],
    ['a user in hosts', { hosts: 'ann:geheim@a' }, 'hosts'],
    ['a broken url with a password', { url: 'http://ann:geheim@:x' }, 'url'],
  ])('refuses %s, naming the key and no secret', (_, section, key) => {
    const outcome = etcdOptionsFrom(section);
    expect(outcome).toMatchObject({ kind: 'invalid', problems: [{ key }] });
    expect(JSON.stringify(outcome)).not.toContain('geheim');
  });
});

import { valueAt } from './config-document.ts';
import { refuse, type Report, warn } from './report.ts';

/** What is said of the stores of Patroni that Kornak does not use. */
const OTHER_STORES: Readonly<Record<string, string>> = {
  consul: 'Consul',
  etcd: "etcd's API version 2",
  exhibitor: 'Exhibitor',
  kubernetes: 'the API of Kubernetes',
  raft: "Patroni's own Raft",
  zookeeper: 'ZooKeeper',
};

/**
 * Refuses other stores by name. Beside `etcd3`, one that Patroni would prefer is refused too: members that run Patroni would
 * coordinate somewhere else.
 */
export function reviewStores(report: Report): void {
  const hasEtcd3 = isGiven(report, 'etcd3');
  for (const [section, store] of Object.entries(OTHER_STORES)) {
    if (!isGiven(report, section)) continue;
    if (hasEtcd3 && section > 'etcd3') {
      warn(report, { path: [section], reason: `${store} is not used; etcd3 is` });
      continue;
    }
    const remedy =
      section === 'etcd'
        ? 'the same etcd serves version 3: name the section etcd3'
        : 'use etcd 3.4 or later and a section etcd3: {hosts: ["ADDRESS:2379"]}';
    const preferred = hasEtcd3 ? ', and Patroni would use it before etcd3' : '';
    refuse(report, { path: [section], reason: `Kornak does not work with ${store}${preferred}`, remedy });
  }
}

function isGiven(report: Report, section: string): boolean {
  const value = valueAt(report.document, [section]);
  return value !== undefined && value !== null;
}

const oldest = [20, 19];
const recommended = 24;

/** What is wrong with this Node: nothing, a warning, or that Kornak cannot run on it. */
export function judgeNode(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    return {
      fit: false,
      text: `Kornak needs Node ${oldest.join('.')} or newer (${recommended} is recommended); this is ${version}.`,
    };
  }
  if (major < 22) {
    return { fit: true, text: `Node ${version} gets no security fixes any more; Node ${recommended} is recommended.` };
  }
  return { fit: true };
}

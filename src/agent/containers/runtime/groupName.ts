/** With a container's id: the name of its control group, by which a launcher finds it. */
export const GROUP_PREFIX = 'container-';

export function findBrowser(): string;
export function findVulkanDriver(): string | undefined;

import { lowerAscii } from '../letters.ts';

/** A region of Azure: its name, and what people call it. */
interface Location {
  readonly name: string;
  readonly displayName: string;
}

/** Regions in which Azure has Batch accounts. Work runs where this service is, whatever the region is called. */
export const LOCATIONS: readonly Location[] = [
  'Australia Central', 'Australia East', 'Australia Southeast', 'Brazil South', 'Canada Central', 'Canada East', 'Central India', 'Central US', 'East Asia',
  'East US', 'East US 2', 'France Central', 'Germany West Central', 'Israel Central', 'Italy North', 'Japan East', 'Japan West', 'Korea Central', 'Korea South',
  'Mexico Central', 'North Central US', 'North Europe', 'Norway East', 'Poland Central', 'Qatar Central', 'South Africa North', 'South Central US', 'South India',
  'Southeast Asia', 'Spain Central', 'Sweden Central', 'Switzerland North', 'UAE North', 'UK South', 'UK West', 'West Central US', 'West Europe', 'West US',
  'West US 2', 'West US 3',
].map((displayName) => ({ name: locationName(displayName), displayName }));

/** Clients write `West Europe` and `westeurope`. */
export function locationName(text: string): string {
  return lowerAscii(text).replaceAll(' ', '');
}

export function isLocation(text: string): boolean {
  const name = locationName(text);
  return LOCATIONS.some((one) => one.name === name);
}

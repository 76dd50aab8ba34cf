import type { FamilyRow } from './table.ts';

/** Sizes with much memory (E, G and M). */
export const MEMORY_SIZES: readonly FamilyRow[] = [
  [
    'standardEADSv5Family',
    `Standard_E2ads_v5 2 16 75, Standard_E4ads_v5 4 32 150, Standard_E8ads_v5 8 64 300, Standard_E16ads_v5 16 128 600,
     Standard_E20ads_v5 20 160 750, Standard_E32ads_v5 32 256 1200, Standard_E48ads_v5 48 384 1800,
     Standard_E64ads_v5 64 512 2400, Standard_E96ads_v5 96 672 3600`,
  ],
  [
    'standardEASv4Family',
    `Standard_E2as_v4 2 16 32, Standard_E4as_v4 4 32 64, Standard_E8as_v4 8 64 128, Standard_E16as_v4 16 128 256,
     Standard_E20as_v4 20 160 320, Standard_E32as_v4 32 256 512, Standard_E48as_v4 48 384 768,
     Standard_E64as_v4 64 512 864, Standard_E96as_v4 96 672 1344`,
  ],
  [
    'standardEAv4Family',
    `Standard_E2a_v4 2 16 50, Standard_E4a_v4 4 32 100, Standard_E8a_v4 8 64 200, Standard_E16a_v4 16 128 400,
     Standard_E20a_v4 20 160 500, Standard_E32a_v4 32 256 800, Standard_E48a_v4 48 384 1200,
     Standard_E64a_v4 64 512 1600, Standard_E96a_v4 96 672 2400`,
  ],
  [
    'standardEBDSv5Family',
    `Standard_E2bds_v5 2 16 75, Standard_E4bds_v5 4 32 150, Standard_E8bds_v5 8 64 300, Standard_E16bds_v5 16 128 600,
     Standard_E32bds_v5 32 256 1200, Standard_E48bds_v5 48 384 1800, Standard_E64bds_v5 64 512 2400`,
  ],
  [
    'standardEDSv4Family',
    `Standard_E2ds_v4 2 16 75, Standard_E4ds_v4 4 32 150, Standard_E8ds_v4 8 64 300, Standard_E16ds_v4 16 128 600,
     Standard_E20ds_v4 20 160 750, Standard_E32ds_v4 32 256 1200, Standard_E48ds_v4 48 384 1800,
     Standard_E64ds_v4 64 504 2400`,
  ],
  [
    'standardEDSv5Family',
    `Standard_E2ds_v5 2 16 75, Standard_E4ds_v5 4 32 150, Standard_E8ds_v5 8 64 300, Standard_E16ds_v5 16 128 600,
     Standard_E20ds_v5 20 160 750, Standard_E32ds_v5 32 256 1200, Standard_E48ds_v5 48 384 1800,
     Standard_E64ds_v5 64 512 2400, Standard_E96ds_v5 96 672 3600`,
  ],
  [
    'standardEDv4Family',
    `Standard_E2d_v4 2 16 75, Standard_E4d_v4 4 32 150, Standard_E8d_v4 8 64 300, Standard_E16d_v4 16 128 600,
     Standard_E20d_v4 20 160 750, Standard_E32d_v4 32 256 1200, Standard_E48d_v4 48 384 1800,
     Standard_E64d_v4 64 504 2400`,
  ],
  [
    'standardEDv5Family',
    `Standard_E2d_v5 2 16 75, Standard_E4d_v5 4 32 150, Standard_E8d_v5 8 64 300, Standard_E16d_v5 16 128 600,
     Standard_E20d_v5 20 160 750, Standard_E32d_v5 32 256 1200, Standard_E48d_v5 48 384 1800,
     Standard_E64d_v5 64 512 2400, Standard_E96d_v5 96 672 3600`,
  ],
  [
    'standardEIv3Family',
    `Standard_E64i_v3 64 432 1600`,
  ],
  [
    'standardESv3Family',
    `Standard_E2s_v3 2 16 32, Standard_E4s_v3 4 32 64, Standard_E8s_v3 8 64 128, Standard_E16s_v3 16 128 256,
     Standard_E32s_v3 32 256 512, Standard_E48s_v3 48 384 768, Standard_E64s_v3 64 432 864`,
  ],
  [
    'standardEv3Family',
    `Standard_E2_v3 2 16 50, Standard_E4_v3 4 32 100, Standard_E8_v3 8 64 200, Standard_E16_v3 16 128 400,
     Standard_E32_v3 32 256 800, Standard_E48_v3 48 384 1200, Standard_E64_v3 64 432 1600`,
  ],
  [
    'standardGFamily',
    `Standard_G1 2 28 384, Standard_G2 4 56 768, Standard_G3 8 112 1536, Standard_G4 16 224 3072,
     Standard_G5 32 448 6144`,
  ],
  [
    'standardGSFamily',
    `Standard_GS1 2 28 56, Standard_GS2 4 56 112, Standard_GS3 8 112 224, Standard_GS4 16 224 448,
     Standard_GS5 32 448 896`,
  ],
  [
    'standardMSFamily',
    `Standard_M64 64 1024 7168, Standard_M128 128 2048 14336, Standard_M32ls 32 256 1024, Standard_M64ls 64 512 2048,
     Standard_M64m 64 1792 7168, Standard_M128m 128 3892 14336, Standard_M8ms 8 218.75 256,
     Standard_M16ms 16 437.5 512, Standard_M32ms 32 875 1024, Standard_M64ms 64 1792 2048,
     Standard_M128ms 128 3892 4096, Standard_M64s 64 1024 2048, Standard_M128s 128 2048 4096,
     Standard_M32ts 32 192 1024`,
  ],
  [
    'standardMSv2Family',
    `Standard_M208ms_v2 208 5700 4096, Standard_M416ms_v2 416 11400 8192, Standard_M208s_v2 208 2850 4096,
     Standard_M416s_v2 416 5700 8192`,
  ],
];

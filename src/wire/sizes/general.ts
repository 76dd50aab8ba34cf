import type { FamilyRow } from './table.ts';

/** Sizes for all purposes (A and D). */
export const GENERAL_SIZES: readonly FamilyRow[] = [
  [
    'standardA0_A7Family',
    `Standard_A1 1 1.75 70, Standard_A2 2 3.5 135, Standard_A3 4 7 285, Standard_A4 8 14 605, Standard_A5 2 14 135,
     A5 2 14 -, Standard_A6 4 28 285, A6 4 28 -, Standard_A7 8 56 605, A7 8 56 -, ExtraLarge 8 14 -, Large 4 7 -,
     Medium 2 3.5 -, Small 1 1.75 -`,
  ],
  [
    'standardA8_A11Family',
    `Standard_A8 8 56 382, A8 8 56 -, Standard_A9 16 112 382, A9 16 112 -, Standard_A10 8 56 382, A10 8 56 -,
     Standard_A11 16 112 382, A11 16 112 -`,
  ],
  [
    'basicAFamily',
    `Basic_A1 1 1.75 40, Basic_A2 2 3.5 60, Basic_A3 4 7 120, Basic_A4 8 14 240`,
  ],
  [
    'standardAv2Family',
    `Standard_A1_v2 1 2 10, Standard_A2_v2 2 4 20, Standard_A4_v2 4 8 40, Standard_A8_v2 8 16 80,
     Standard_A2m_v2 2 16 20, Standard_A4m_v2 4 32 40, Standard_A8m_v2 8 64 80`,
  ],
  [
    'standardDADSv5Family',
    `Standard_D2ads_v5 2 8 75, Standard_D4ads_v5 4 16 150, Standard_D8ads_v5 8 32 300, Standard_D16ads_v5 16 64 600,
     Standard_D32ads_v5 32 128 1200, Standard_D48ads_v5 48 192 1800, Standard_D64ads_v5 64 256 2400,
     Standard_D96ads_v5 96 384 3600`,
  ],
  [
    'standardDASv4Family',
    `Standard_D2as_v4 2 8 16, Standard_D4as_v4 4 16 32, Standard_D8as_v4 8 32 64, Standard_D16as_v4 16 64 128,
     Standard_D32as_v4 32 128 256, Standard_D48as_v4 48 192 384, Standard_D64as_v4 64 256 512,
     Standard_D96as_v4 96 384 768`,
  ],
  [
    'standardDAv4Family',
    `Standard_D2a_v4 2 8 50, Standard_D4a_v4 4 16 100, Standard_D8a_v4 8 32 200, Standard_D16a_v4 16 64 400,
     Standard_D32a_v4 32 128 800, Standard_D48a_v4 48 192 1200, Standard_D64a_v4 64 256 1600,
     Standard_D96a_v4 96 384 2400`,
  ],
  [
    'standardDCSv2Family',
    `Standard_DC1s_v2 1 4 50, Standard_DC2s_v2 2 8 100, Standard_DC4s_v2 4 16 200`,
  ],
  [
    'standardDDSv4Family',
    `Standard_D2ds_v4 2 8 75, Standard_D4ds_v4 4 16 150, Standard_D8ds_v4 8 32 300, Standard_D16ds_v4 16 64 600,
     Standard_D32ds_v4 32 128 1200, Standard_D48ds_v4 48 192 1800, Standard_D64ds_v4 64 256 2400`,
  ],
  [
    'standardDDSv5Family',
    `Standard_D2ds_v5 2 8 75, Standard_D4ds_v5 4 16 150, Standard_D8ds_v5 8 32 300, Standard_D16ds_v5 16 64 600,
     Standard_D32ds_v5 32 128 1200, Standard_D48ds_v5 48 192 1800, Standard_D64ds_v5 64 256 2400,
     Standard_D96ds_v5 96 384 3600`,
  ],
  [
    'standardDDv4Family',
    `Standard_D2d_v4 2 8 75, Standard_D4d_v4 4 16 150, Standard_D8d_v4 8 32 300, Standard_D16d_v4 16 64 600,
     Standard_D32d_v4 32 128 1200, Standard_D48d_v4 48 192 1800, Standard_D64d_v4 64 256 2400`,
  ],
  [
    'standardDDv5Family',
    `Standard_D2d_v5 2 8 75, Standard_D4d_v5 4 16 150, Standard_D8d_v5 8 32 300, Standard_D16d_v5 16 64 600,
     Standard_D32d_v5 32 128 1200, Standard_D48d_v5 48 192 1800, Standard_D64d_v5 64 256 2400,
     Standard_D96d_v5 96 384 3600`,
  ],
  [
    'standardDFamily',
    `Standard_D1 1 3.5 50, Standard_D2 2 7 100, Standard_D3 4 14 200, Standard_D4 8 28 400, Standard_D11 2 14 100,
     Standard_D12 4 28 200, Standard_D13 8 56 400, Standard_D14 16 112 800`,
  ],
  [
    'standardDSFamily',
    `Standard_DS1 1 3.5 7, Standard_DS2 2 7 14, Standard_DS3 4 14 28, Standard_DS4 8 28 56, Standard_DS11 2 14 28,
     Standard_DS12 4 28 56, Standard_DS13 8 56 112, Standard_DS14 16 112 224`,
  ],
  [
    'standardDSv2Family',
    `Standard_DS1_v2 1 3.5 7, Standard_DS2_v2 2 7 14, Standard_DS3_v2 4 14 28, Standard_DS4_v2 8 28 56,
     Standard_DS5_v2 16 56 112, Standard_DS11_v2 2 14 28, Standard_DS12_v2 4 28 56, Standard_DS13_v2 8 56 112,
     Standard_DS14_v2 16 112 224, Standard_DS15_v2 20 140 280`,
  ],
  [
    'standardDSv3Family',
    `Standard_D2s_v3 2 8 16, Standard_D4s_v3 4 16 32, Standard_D8s_v3 8 32 64, Standard_D16s_v3 16 64 128,
     Standard_D32s_v3 32 128 256, Standard_D48s_v3 48 192 384, Standard_D64s_v3 64 256 512`,
  ],
  [
    'standardDSv5Family',
    `Standard_D2s_v5 2 8 0, Standard_D4s_v5 4 16 0, Standard_D8s_v5 8 32 0, Standard_D16s_v5 16 64 0,
     Standard_D32s_v5 32 128 0, Standard_D48s_v5 48 192 0, Standard_D64s_v5 64 256 0, Standard_D96s_v5 96 384 0`,
  ],
  [
    'standardDv2Family',
    `Standard_D1_v2 1 3.5 50, Standard_D2_v2 2 7 100, Standard_D3_v2 4 14 200, Standard_D4_v2 8 28 400,
     Standard_D5_v2 16 56 800, Standard_D11_v2 2 14 100, Standard_D12_v2 4 28 200, Standard_D13_v2 8 56 400,
     Standard_D14_v2 16 112 800, Standard_D15_v2 20 140 1000`,
  ],
  [
    'standardDv3Family',
    `Standard_D2_v3 2 8 50, Standard_D4_v3 4 16 100, Standard_D8_v3 8 32 200, Standard_D16_v3 16 64 400,
     Standard_D32_v3 32 128 800, Standard_D48_v3 48 192 1200, Standard_D64_v3 64 256 1600`,
  ],
  [
    'standardDv5Family',
    `Standard_D2_v5 2 8 0, Standard_D4_v5 4 16 0, Standard_D8_v5 8 32 0, Standard_D16_v5 16 64 0,
     Standard_D32_v5 32 128 0, Standard_D48_v5 48 192 0, Standard_D64_v5 64 256 0, Standard_D96_v5 96 384 0`,
  ],
];

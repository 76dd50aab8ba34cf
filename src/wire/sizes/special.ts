import type { FamilyRow } from './table.ts';

/** Sizes with fast cores, a fast network, fast disks or GPUs (F, H, L and N). */
export const SPECIAL_SIZES: readonly FamilyRow[] = [
  [
    'standardFFamily',
    `Standard_F1 1 2 16, Standard_F2 2 4 32, Standard_F4 4 8 64, Standard_F8 8 16 128, Standard_F16 16 32 256`,
  ],
  [
    'standardFSFamily',
    `Standard_F1s 1 2 4, Standard_F2s 2 4 8, Standard_F4s 4 8 16, Standard_F8s 8 16 32, Standard_F16s 16 32 64`,
  ],
  [
    'standardFSv2Family',
    `Standard_F2s_v2 2 4 16, Standard_F4s_v2 4 8 32, Standard_F8s_v2 8 16 64, Standard_F16s_v2 16 32 128,
     Standard_F32s_v2 32 64 256, Standard_F48s_v2 48 96 384, Standard_F64s_v2 64 128 512, Standard_F72s_v2 72 144 576`,
  ],
  [
    'standardFXMDVSFamily',
    `Standard_FX4mds 4 84 168, Standard_FX12mds 12 252 504, Standard_FX24mds 24 504 1008, Standard_FX36mds 36 756 1512,
     Standard_FX48mds 48 1008 2016`,
  ],
  [
    'standardHBrsv2Family',
    `Standard_HB120rs_v2 120 456 480, Standard_HB120-16rs_v2 16 456 480, Standard_HB120-32rs_v2 32 456 480,
     Standard_HB120-64rs_v2 64 456 480, Standard_HB120-96rs_v2 96 456 480`,
  ],
  [
    'standardHBSFamily',
    `Standard_HB60rs 60 228 700`,
  ],
  [
    'standardHBv3Family',
    `Standard_HB120rs_v3 120 456 480, Standard_HB120-16rs_v3 16 456 480, Standard_HB120-32rs_v3 32 456 480,
     Standard_HB120-64rs_v3 64 456 480, Standard_HB120-96rs_v3 96 456 480`,
  ],
  [
    'standardHBv4Family',
    `Standard_HB176rs_v4 176 768 480, Standard_HB176-24rs_v4 24 768 480, Standard_HB176-48rs_v4 48 768 480,
     Standard_HB176-96rs_v4 96 768 480, Standard_HB176-144rs_v4 144 768 480`,
  ],
  [
    'standardHCSFamily',
    `Standard_HC44rs 44 352 700`,
  ],
  [
    'standardHXFamily',
    `Standard_HX176rs 176 1408 480, Standard_HX176-24rs 24 1408 480, Standard_HX176-48rs 48 1408 480,
     Standard_HX176-96rs 96 1408 480, Standard_HX176-144rs 144 1408 480`,
  ],
  [
    'standardLASv3Family',
    `Standard_L8as_v3 8 64 80, Standard_L16as_v3 16 128 160, Standard_L32as_v3 32 256 320,
     Standard_L48as_v3 48 384 480, Standard_L64as_v3 64 512 640, Standard_L80as_v3 80 640 800`,
  ],
  [
    'standardLSFamily',
    `Standard_L4s 4 32 678, Standard_L8s 8 64 1388, Standard_L16s 16 128 2807, Standard_L32s 32 256 5630`,
  ],
  [
    'standardLSv2Family',
    `Standard_L8s_v2 8 64 80, Standard_L16s_v2 16 128 160, Standard_L32s_v2 32 256 320, Standard_L48s_v2 48 384 480,
     Standard_L64s_v2 64 512 640, Standard_L80s_v2 80 640 800`,
  ],
  [
    'standardLSv3Family',
    `Standard_L8s_v3 8 64 80, Standard_L16s_v3 16 128 160, Standard_L32s_v3 32 256 320, Standard_L48s_v3 48 384 480,
     Standard_L64s_v3 64 512 640, Standard_L80s_v3 80 640 800`,
  ],
  [
    'StandardNCADSA100v4Family',
    `Standard_NC24ads_A100_v4 24 220 64 1, Standard_NC48ads_A100_v4 48 440 128 2,
     Standard_NC96ads_A100_v4 96 880 256 4`,
  ],
  [
    'StandardNCadsH100v5Family',
    `Standard_NC80adis_H100_v5 80 640 256 2, Standard_NC40ads_H100_v5 40 320 128 1`,
  ],
  [
    'Standard NCASv3_T4 Family',
    `Standard_NC4as_T4_v3 4 28 176 1, Standard_NC8as_T4_v3 8 56 352 1, Standard_NC16as_T4_v3 16 110 352 1,
     Standard_NC64as_T4_v3 64 440 2816 4`,
  ],
  [
    'standardNCSv3Family',
    `Standard_NC24rs_v3 24 448 2948 4, Standard_NC6s_v3 6 112 736 1, Standard_NC12s_v3 12 224 1474 2,
     Standard_NC24s_v3 24 448 2948 4`,
  ],
  [
    'Standard NDAMSv4_A100Family',
    `Standard_ND96amsr_A100_v4 96 1900 - 8`,
  ],
  [
    'Standard NDASv4_A100 Family',
    `Standard_ND96asr_v4 96 900 2900 8`,
  ],
  [
    'StandardNGADSV620v1Family',
    `Standard_NG32adms_V620_v1 32 176 1024, Standard_NG8ads_V620_v1 8 16 256, Standard_NG16ads_V620_v1 16 32 512,
     Standard_NG32ads_V620_v1 32 64 1024`,
  ],
  [
    'standardNPSFamily',
    `Standard_NP10s 10 168 736 1, Standard_NP20s 20 336 1474 2, Standard_NP40s 40 672 2948 4`,
  ],
  [
    'StandardNVADSA10v5Family',
    `Standard_NV36adms_A10_v5 36 880 2880 1, Standard_NV6ads_A10_v5 6 55 180 1, Standard_NV12ads_A10_v5 12 110 360 1,
     Standard_NV18ads_A10_v5 18 220 720 1, Standard_NV36ads_A10_v5 36 440 1440 1,
     Standard_NV72ads_A10_v5 72 880 2880 2`,
  ],
  [
    'standardNVSv3Family',
    `Standard_NV12s_v3 12 112 736 1, Standard_NV24s_v3 24 224 1474 2, Standard_NV48s_v3 48 448 2948 4`,
  ],
  [
    'standardNVSv4Family',
    `Standard_NV4as_v4 4 14 88 1, Standard_NV8as_v4 8 28 176 1, Standard_NV16as_v4 16 56 352 1,
     Standard_NV32as_v4 32 112 704 1`,
  ],
  [
    'standardXEIDSv4Family',
    `Standard_E80ids_v4 80 504 2400`,
  ],
];

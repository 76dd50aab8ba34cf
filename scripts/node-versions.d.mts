export declare const OTHER_MAJORS: readonly number[];
export declare function nodeDirectory(major: number): Promise<string>;

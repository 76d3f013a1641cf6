import {describe, expect, it} from 'vitest';
import {readExpected} from '../../src/bench/expectedPolicies.ts';
import {readNodeList, readPodList} from '../../src/bench/openbLists.ts';

const nodeHeader = 'sn,cpu_milli,memory_mib,gpu,model';
const podHeader = 'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos';
const readNodes = (...lines: string[]) =>
  readNodeList({name: 'nodes.csv', text: [nodeHeader, ...lines].join('\n')});
const readPods = (...lines: string[]) =>
  readPodList({name: 'pods.csv', text: [podHeader, ...lines].join('\n')});

describe('a node list', () => {
  it('becomes capacities in millis and bytes', () => {
    expect(readNodes('a,64000,262144,2,P100', 'b,32000,1024,0,')).toEqual([
      {cpuMillis: 64_000, memoryBytes: 256 * 2 ** 30, gpuCount: 2, gpuType: 'P100'},
      {cpuMillis: 32_000, memoryBytes: 2 ** 30, gpuCount: 0, gpuType: ''},
    ]);
  });

  it('may have its columns in any order, spaces, a byte order mark, CRLF and empty lines', () => {
    const text = '\uFEFFmodel, gpu,cpu_milli,memory_mib\r\n\r\nT4, 1 ,1000.0,1\r\n\r\n';
    expect(readNodeList({name: 'nodes.csv', text})).toEqual([
      {cpuMillis: 1_000, memoryBytes: 2 ** 20, gpuCount: 1, gpuType: 'T4'},
    ]);
  });

  it.each([
    ['a model that is missing', 'a,1,1,2,', 'model must name the 2 GPUs: current value is ""'],
    [
      'a CPU that is no number',
      'a,12x,1,0,',
      'cpu_milli must be a whole number from 0 to 1000000000: current value is "12x"',
    ],
    ['a negative memory', 'a,1,-5,0,', 'to 1073741824: current value is "-5"'],
    ['a broken number of GPUs', 'a,1,1,0.5,T4', 'to 1024: current value is "0.5"'],
    ['more GPUs than any machine has', 'a,1,1,1025,T4', 'to 1024: current value is "1025"'],
    ['a number in another notation', 'a,1e3,1,0,', 'current value is "1e3"'],
    ['an empty number', 'a,,1,0,', 'current value is ""'],
    ['a row that is too short', 'a,1,1', 'it must have 5 columns like the header: current value'],
    ['a row that is too long', 'a,1,1,0,,,', 'it must have 5 columns like the header'],
  ])('is refused with %s, naming file and line', (_, line, sentence) => {
    const read = () => readNodes('ok,1,1,1,T4', line);
    expect(read).toThrow('Cannot read nodes.csv:3 as ');
    expect(read).toThrow(sentence);
  });
});

describe('a pod list', () => {
  it('becomes demands, with the models that it accepts', () => {
    expect(readPods('a,6000,12288,1,460,P100|T4,LS', 'b,1,1,8,1000,,LS', 'c,1,1,0,0,,BE')).toEqual([
      {
        cpuMillis: 6_000,
        memoryBytes: 12 * 2 ** 30,
        gpuCount: 1,
        gpuMillis: 460,
        gpuTypes: ['P100', 'T4'],
      },
      {cpuMillis: 1, memoryBytes: 2 ** 20, gpuCount: 8, gpuMillis: 1000, gpuTypes: []},
      {cpuMillis: 1, memoryBytes: 2 ** 20, gpuCount: 0, gpuMillis: 0, gpuTypes: []},
    ]);
  });

  it('needs only five columns', () => {
    const text = 'name,cpu_milli,memory_mib,num_gpu,gpu_milli\na,1000,1,1,500\n';
    const [demand] = readPodList({name: 'pods.csv', text});
    expect(demand).toMatchObject({gpuMillis: 500, gpuTypes: []});
  });

  it('reads an odd gpu_spec as the models that it names', () => {
    expect(readPods('a,1,1,1,500,| T4 ||T4|G2,LS')[0]?.gpuTypes).toEqual(['T4', 'G2']);
  });

  it.each([
    ['a share of several GPUs', 'a,1,1,2,500,,LS', 'gpu_milli must be 1000 with num_gpu 2'],
    ['nothing of one GPU', 'a,1,1,1,0,,LS', 'gpu_milli must be from 1 to 1000 with num_gpu 1'],
    ['a share of no GPU', 'a,1,1,0,500,,LS', 'gpu_milli must be 0 with num_gpu 0'],
    ['more than all of a GPU', 'a,1,1,1,1001,,LS', 'whole number from 0 to 1000'],
    ['a model without a GPU', 'a,1,1,0,0,T4,LS', 'gpu_spec must be empty with num_gpu 0'],
  ])('is refused with %s, naming file and line', (_, line, sentence) => {
    const read = () => readPods(line);
    expect(read).toThrow('Cannot read pods.csv:2 as ');
    expect(read).toThrow(sentence);
  });

  it.each([
    [
      'a column is missing',
      'name,cpu_milli,memory_mib,gpu_milli\na,1,1,0',
      ':1 as the header must name column num_gpu: current value is "name,',
    ],
    [
      'there are no rows',
      `${podHeader}\n\n`,
      ':2 as there must be 1 to 1000000 rows: current value is "0"',
    ],
    ['it is empty', '', ':1 as the header must name column cpu_milli: current value is ""'],
  ])('is refused when %s', (_, text, sentence) => {
    expect(() => readPodList({name: 'pods.csv', text})).toThrow(`Cannot read pods.csv${sentence}`);
  });
});

describe('published figures', () => {
  const header = 'pod_list,policy,mean_90,sd_90,mean_100,sd_100,mean_110,sd_110,mean_130,sd_130';

  it('are means and deviations by list and policy', () => {
    const text = `${header}\na.csv,FGD,89.98,0.05,95.23,0.11,95.30,0.10,95.39,0.08\n`;
    expect(readExpected({name: 'expected.csv', text})).toEqual([
      {
        list: 'a.csv',
        policy: 'FGD',
        allocated: [
          {mean: 89.98, sd: 0.05},
          {mean: 95.23, sd: 0.11},
          {mean: 95.3, sd: 0.1},
          {mean: 95.39, sd: 0.08},
        ],
      },
    ]);
  });

  it('are refused where one is missing', () => {
    const text = `${header}\na.csv,FGD,89.98,0.05,,0.11,95.30,0.10,95.39,0.08\n`;
    expect(() => readExpected({name: 'expected.csv', text})).toThrow(
      'Cannot read expected.csv:2 as mean_100 must be a number: current value is ""',
    );
  });
});

import type { LeadSituation, ModeSituation, ServerSituation } from '../model/situation.ts';
import type { RuleId } from '../model/rule.ts';

type Cell = readonly RuleId[];
type Leads = Readonly<Record<LeadSituation, Cell>>;

/**
 * Rules that may decide wherever they match: they fence, wait for running work, answer requests, leave on request, end a release
 * that was begun, or take note of what has become of something.
 */
export const ANYWHERE: ReadonlySet<RuleId> = new Set(
  rules(
    'Y05 W10 Y15 Y25 F30 F40 F50 H10 X10 X15 X20 X30 N10 N20 T10 T20 T30 T40 J10 J20 Y60 Y95 G10 R10 B10 W20 W30 T50 T60 T70 L15 Z90',
  ),
);

/**
 * Which rules may decide in which situation, in the order in which they are asked. A new situation does not compile before its
 * cells are filled, and a simulated run that decides by a rule which is not in its cell is no good run.
 */
export const DECISION_TABLE: Readonly<Record<ModeSituation, Readonly<Record<ServerSituation, Leads>>>> = {
  automatic: {
    primary: {
      held: rules('Y85 Y86 F25 H20 H40 S05 U10 G20 G30 B20 S30 S35 S37 S38 S40 P05 P10 P90'),
      named: rules('Y87 F10'),
      other: rules(''),
      nobody: rules('Y88'),
      unknown: rules('Y89 F20'),
    },
    standby: {
      held: rules('Y85 Y86 U30 C25 L20 L30 L32 L35 L40 L50'),
      named: rules('L10'),
      other: rules(
        'M20 V02 V10 V20 V25 V30 V35 V40 V47 V60 V72 V76 V78 V80 V85 R20 R22 R30 R40 R57 R60 M40 M50 R80 R50 R55 R90',
      ),
      nobody: rules('G20 G30 V02 V05 V10 V20 V25 V30 V35 V40 V45 V47 V48 V50 V55 V60 V65 V70 V72 V76 V78 V80 V85'),
      unknown: rules('U25 U30'),
    },
    starting: {
      held: rules('Y85 Y86 D15 L50'),
      named: rules('F10 L10'),
      other: rules('M20 M30 D70'),
      nobody: rules(''),
      unknown: rules('F20 U30'),
    },
    silent: {
      held: rules('Y85 Y86 H20 U30 P05 L50'),
      named: rules('F10 L10'),
      other: rules('G05'),
      nobody: rules('B80'),
      unknown: rules('F20 U30'),
    },
    down: {
      held: rules('Y85 H30 D17 U15 U30 G20 S08 S10 S15 S18 S20 P05 H50 D10 D12 D13 D20 D40 D70'),
      named: rules('L10'),
      other: rules('H50 D40 D50 D52 D53 D54 D55 D57 D60 D70'),
      nobody: rules('G20 G30 B55 H50 D30 D40 D70'),
      unknown: rules('U20 U30'),
    },
    empty: {
      held: rules('U30 B05'),
      named: rules('B80'),
      other: rules('B65 B70'),
      nobody: rules('B40 B50 B60 B75 B80'),
      unknown: rules('U30'),
    },
    unfinished: {
      held: rules('B05'),
      named: rules('B30'),
      other: rules('B30 B80'),
      nobody: rules('B30 B80'),
      unknown: rules('U30'),
    },
    foreign: {
      held: rules('B05'),
      named: rules('B80'),
      other: rules('M10 B80'),
      nobody: rules('B80'),
      unknown: rules('U30'),
    },
    unreadable: {
      held: rules('B80'),
      named: rules('B80'),
      other: rules('B80'),
      nobody: rules('B80'),
      unknown: rules('U30'),
    },
  },
  'standby cluster': {
    primary: {
      held: rules('Y85 Y86 F25 H20 H40 S05 U10 C10'),
      named: rules('Y87 F10'),
      other: rules(''),
      nobody: rules('Y88'),
      unknown: rules('Y89 F20'),
    },
    standby: {
      held: rules('U30 G20 G30 B20 C15 P05 S30 S35 M20 C30 C40 C45 C50 M40 M50 C60 C70 C90'),
      named: rules('L10'),
      other: rules('M20 R20 R22 R30 R40 R57 R60 M40 M50 R80 R50 R55 R90'),
      nobody: rules('G20 G30 V02 V10 V20 V30 V35 V40 V45 V47 V48 V50 V55 V60 V65 V70 V76 V78 V80 V85'),
      unknown: rules('U25 U30'),
    },
    starting: {
      held: rules('Y85 C15 M30 C90'),
      named: rules('L10'),
      other: rules('M30 D70'),
      nobody: rules(''),
      unknown: rules('F20 U30'),
    },
    silent: {
      held: rules('Y85 Y86 H20 U30 L50 C15 C90'),
      named: rules('F10 L10'),
      other: rules('G05'),
      nobody: rules('B80'),
      unknown: rules('F20 U30'),
    },
    down: {
      held: rules('Y85 H30 U30 G20 G30 C15 S10 P05 H50 D40 D50 D52 D54 D55 D57 D60 D70'),
      named: rules('L10'),
      other: rules('H50 D40 D50 D52 D53 D54 D55 D57 D60 D70'),
      nobody: rules('G30 C85 H50 D30 D40 D70'),
      unknown: rules('U20 U30'),
    },
    empty: {
      held: rules('U30 C15 D40 C80'),
      named: rules('B80'),
      other: rules('B65 B70'),
      nobody: rules('B40 C75 C77 C80 B60 B75 B80'),
      unknown: rules('U30'),
    },
    unfinished: {
      held: rules('C15 B30 B80'),
      named: rules('B30'),
      other: rules('B30 B80'),
      nobody: rules('B30 B80'),
      unknown: rules('U30'),
    },
    foreign: {
      held: rules('B05'),
      named: rules('B80'),
      other: rules('M10 B80'),
      nobody: rules('B80'),
      unknown: rules('U30'),
    },
    unreadable: {
      held: rules('B80'),
      named: rules('B80'),
      other: rules('B80'),
      nobody: rules('B80'),
      unknown: rules('U30'),
    },
  },
  paused: {
    primary: {
      held: rules('Y10 Y20 Y50 F25 Y55 S05 S30 S35 S37 S38 S40 P05 P10 P90'),
      named: rules('Y28 Y35 Y40 F10'),
      other: rules('Y28 Y35 Y50'),
      nobody: rules('Y28 Y30 Y35 Y45'),
      unknown: rules('Y50 F20'),
    },
    standby: {
      held: rules('Y10 Y70 C20 L32 L35 S30 S35 L40 C30 C40 C50 M50 C60 C70 C90'),
      named: rules('L10'),
      other: rules('M20 R20 R22 R30 R40 R60 M50 R80 R50 R90'),
      nobody: rules('Y80 V02 V10 V20 V30 V46 V47 V50 V60 V65 V80'),
      unknown: rules('Y55'),
    },
    starting: {
      held: rules('Y10 L50 C90'),
      named: rules('L10'),
      other: rules('Y50'),
      nobody: rules('Y50'),
      unknown: rules('Y50 Y55'),
    },
    silent: {
      held: rules('Y10 Y55 L50 C90'),
      named: rules('Y50 L10'),
      other: rules(''),
      nobody: rules('Y50 B80'),
      unknown: rules('Y50 Y55'),
    },
    down: {
      held: rules('Y55 Y65 S08 S10 S15 D10 D40 D50 D54 D55 D57 D60 D70'),
      named: rules('Y65'),
      other: rules('Y20 Y75 H50 D40 D50 D53 D54 D55 D57 D60 D70'),
      nobody: rules('Y20 Y75 D30 D40 D70'),
      unknown: rules('Y55'),
    },
    empty: {
      held: rules('Y65'),
      named: rules('Y65'),
      other: rules('Y75 B70'),
      nobody: rules('Y75 B80'),
      unknown: rules('Y55'),
    },
    unfinished: {
      held: rules('Y65'),
      named: rules('Y65'),
      other: rules('Y75 B30 B80'),
      nobody: rules('Y75 B30 B80'),
      unknown: rules('Y55'),
    },
    foreign: {
      held: rules('Y65'),
      named: rules('Y65'),
      other: rules('Y75'),
      nobody: rules('Y75'),
      unknown: rules('Y55'),
    },
    unreadable: {
      held: rules('Y65'),
      named: rules('Y65'),
      other: rules('Y75'),
      nobody: rules('Y75'),
      unknown: rules('Y55'),
    },
  },
};

function rules(text: string): Cell {
  return text === '' ? [] : text.split(' ');
}

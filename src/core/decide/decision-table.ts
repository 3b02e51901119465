import type { LeadSituation, ModeSituation, ServerSituation } from '../model/situation.ts';
import type { RuleId } from '../model/rule.ts';

type Cell = readonly RuleId[];
type Leads = Readonly<Record<LeadSituation, Cell>>;

/**
 * Which rules may decide in which situation, in the order in which they are asked. A new situation does not compile before its
 * cells are filled, and a simulated run that decides by a rule which is not in its cell is no good run.
 */
export const DECISION_TABLE: Readonly<Record<ModeSituation, Readonly<Record<ServerSituation, Leads>>>> = {
  automatic: {
    primary: {
      held: rules(
        'Y85 Y86 W10 F25 F30 X10 X20 H20 H40 N10 S05 T10 T20 T30 T40 J20 U10 Y95 G20 G30 B10 B20 S30 S35 S40 W20 W30 T50 T60 P10 P90',
      ),
      named: rules('Y87 F10 F30'),
      other: rules('F30'),
      nobody: rules('Y88 F30 J20'),
      unknown: rules('Y89 F20 F30'),
    },
    standby: {
      held: rules('Y85 Y86 X10 X20 N10 T20 T30 T40 J20 U30 Y95 W20 W30 L20 L30 L32 L35 L40 L50'),
      named: rules('W10 F40 T10 J10 J20 T50 T60 L10'),
      other: rules(
        'W10 F40 F50 X10 X15 X20 N10 N20 T10 T20 T30 T40 J10 J20 Y95 G10 R10 B10 T50 T60 M20 R20 R30 R40 R57 R60 M40 M50 R80 R50 R55 R90',
      ),
      nobody: rules(
        'W10 F40 X10 X20 N10 T10 T20 T30 T40 J10 J20 Y95 G10 G20 G30 T50 T60 V02 V05 V10 V20 V30 V35 V40 V42 V45 V47 V48 V50 V55 V60 V65 V70 V72 V76 V78 V80 V85',
      ),
      unknown: rules('F40 X10 X20 N10 T20 J20 U25 U30'),
    },
    starting: {
      held: rules('Y85 Y86 F30 X10 X20 N10 T10 T20 T40 D15 J20 T70 L50'),
      named: rules('F30 J20 L10'),
      other: rules('F30 X10 X20 T10 T40 J10 J20 Y95 M30 D70 Z90'),
      nobody: rules('F30 X10 X20 T40 J20 Z90'),
      unknown: rules('X10 X20 N10 J20 U30'),
    },
    silent: {
      held: rules('Y85 Y86 F30 X10 X20 H20 N10 T40 J20 Y95 W20 L50'),
      named: rules('W10 F10 F30 F40 L10'),
      other: rules('F30 F40 X10 T40 J10 J20 G05 Y95 R10 Z90'),
      nobody: rules('F30 X10 N10 J20 Y95 B80 Z90'),
      unknown: rules('F20 F30 N10 U30'),
    },
    down: {
      held: rules('H10 X10 X30 H30 T10 T20 T40 D17 J20 U30 Y95 G20 S08 S10 S15 S18 S20 W20 T70 H50 D10 D20 D40 D70'),
      named: rules('Y05 W10 F40 F50 H10 X30 N10 T10 J10 J20 Y95 T50 L10'),
      other: rules(
        'W10 F40 F50 H10 X10 X30 N20 T10 T20 T40 J20 Y95 G10 R10 B10 T50 H50 D40 D50 D52 D53 D54 D55 D57 D60 D70',
      ),
      nobody: rules('Y05 W10 F40 F50 H10 X10 X30 T10 T20 T40 J10 J20 Y95 G10 G30 B55 T50 H50 D30 D40 D70'),
      unknown: rules('W10 F40 F50 H10 X10 X30 N10 J20 U20 U30'),
    },
    empty: {
      held: rules('U30 B05'),
      named: rules('B80'),
      other: rules('X30 T30 T40 J10 J20 Y95 R10 B10 B65 B70'),
      nobody: rules('X30 N10 T20 T30 T40 J20 Y95 B10 B40 B50 B58 B60 B80'),
      unknown: rules('F40 X30 U30'),
    },
    unfinished: {
      held: rules('B05'),
      named: rules('B30'),
      other: rules('X10 X30 N10 N20 T20 J20 R10 B10 B30 B80'),
      nobody: rules('X10 X30 J10 J20 B30 B80'),
      unknown: rules('J20 U30'),
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
      held: rules('W10 Y10 Y15 Y20 Y50 F25 X10 N10 S05 T10 T20 T30 J20 Y55 S30 S35 S40 T50 P10 P90'),
      named: rules('Y35 Y40'),
      other: rules('W10 Y35 Y50 F30'),
      nobody: rules('Y30 Y35 Y45 F30'),
      unknown: rules('Y15 Y50'),
    },
    standby: {
      held: rules('Y10 Y15 X10 J20 Y70 L32 L35 L40'),
      named: rules('Y05 Y25 T10 J20 L10'),
      other: rules('N20 T10 J20 Y60 R10 T50 M20 R20 R30 R40 R60 M50 R80 R50 R90'),
      nobody: rules('Y05 Y15 Y25 N10 J20 Y60 Y80 V02 V10 V30 V46 V50 V60 V65 V80 V85'),
      unknown: rules('Y55'),
    },
    starting: {
      held: rules('W10 Y10 T40 J20'),
      named: rules('Y50 L10'),
      other: rules('J20 Z90'),
      nobody: rules('Y50 J20 Z90'),
      unknown: rules('Y55'),
    },
    silent: {
      held: rules('Y10 J20 L50'),
      named: rules('L10'),
      other: rules('F30 J20 Y60 Z90'),
      nobody: rules('Z90'),
      unknown: rules('Y50 Y55'),
    },
    down: {
      held: rules('J20 Y60 Y65 S10 S15'),
      named: rules('Y05 Y60 Y65 T50'),
      other: rules('Y20 J20 Y60 Y75 D40 D53 D54 D55 D60 D70'),
      nobody: rules('Y05 Y25 F40 J20 Y60 Y75 D30 D40 D70'),
      unknown: rules('N10 Y55'),
    },
    empty: {
      held: rules('Y65'),
      named: rules('Y65'),
      other: rules('Y60 Y75 B70'),
      nobody: rules('Y75 B80'),
      unknown: rules('Y55'),
    },
    unfinished: {
      held: rules('Y65'),
      named: rules('Y65'),
      other: rules('J20 Y60 Y75 B30 B80'),
      nobody: rules('J10 Y75 B30 B80'),
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
  return text.split(' ');
}

import { CaseTableInMemory } from '../../../replay/case-table-in-memory.ts';
import { describeCaseRecord } from './case-record-contract.ts';
import { describeCaseTable } from './case-table-contract.ts';

describeCaseTable('in memory', async () => new CaseTableInMemory());
describeCaseRecord('in memory', async () => new CaseTableInMemory());

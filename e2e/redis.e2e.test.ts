import {describeInstalled} from './describeInstalled.ts';
import {redisChoice} from './ledgerUnderTest.ts';

describeInstalled(redisChoice);

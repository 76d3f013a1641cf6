import {describeInstalled} from './describeInstalled.ts';
import {kubernetesChoice} from './ledgerUnderTest.ts';

describeInstalled(kubernetesChoice);

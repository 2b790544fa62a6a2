using KVCluster.Silo.Hosting;
using KVCluster.Silo.Terminals;

using Interrupt interrupt = Interrupt.OfProcess();
return CommandHost.Run(args, Terminal.OfProcess(), interrupt);

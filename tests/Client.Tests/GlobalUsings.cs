global using KVCluster.Grains;
global using Orleans;

using KVCluster.Backend.Conformance.Cases;
using KVCluster.Backend.Conformance.Support;

namespace KVCluster.Backend.Conformance;

public sealed class CpuForward() : ForwardConformance(CpuTestBackend.Instance);

public sealed class CpuTransfers() : TransferConformance(CpuTestBackend.Instance);

public sealed class CpuScoring() : ScoringConformance(CpuTestBackend.Instance);

public sealed class CpuHistory() : HistoryConformance(CpuTestBackend.Instance);

public sealed class CpuSmoothing() : SmoothingConformance(CpuTestBackend.Instance);

public sealed class CpuSlotNorms() : SlotNormsConformance(CpuTestBackend.Instance);

public sealed class CpuPlans() : PlanConformance(CpuTestBackend.Instance);

[Trait("Category", "Goldens")]
public sealed class CpuReferences() : ReferenceConformance(CpuTestBackend.Instance);

[Trait("Category", "Goldens")]
public sealed class CpuPolicies() : PolicyConformance(CpuTestBackend.Instance);

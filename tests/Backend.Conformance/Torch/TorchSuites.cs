using KVCluster.Backend.Conformance.Cases;
using KVCluster.Backend.Conformance.Support;

namespace KVCluster.Backend.Conformance.Torch;

public sealed class TorchForward() : ForwardConformance(TorchTestBackend.Instance);

public sealed class TorchPlainForward() : ForwardConformance(TorchTestBackend.Plain);

public sealed class TorchPlainTransfers() : TransferConformance(TorchTestBackend.Plain);

public sealed class TorchLateTransfers() : TransferConformance(TorchTestBackend.Late);

public sealed class TorchTransfers() : TransferConformance(TorchTestBackend.Instance);

public sealed class TorchScoring() : ScoringConformance(TorchTestBackend.Instance);

public sealed class TorchHistory() : HistoryConformance(TorchTestBackend.Instance);

public sealed class TorchSmoothing() : SmoothingConformance(TorchTestBackend.Instance);

public sealed class TorchSlotNorms() : SlotNormsConformance(TorchTestBackend.Instance);

public sealed class TorchPlainPlans() : PlanConformance(TorchTestBackend.Plain);

public sealed class TorchPlans() : PlanConformance(TorchTestBackend.Instance);

[Trait("Category", "Goldens")]
public sealed class TorchReferences() : ReferenceConformance(TorchTestBackend.Instance);

[Trait("Category", "Goldens")]
public sealed class TorchPolicies() : PolicyConformance(TorchTestBackend.Instance);

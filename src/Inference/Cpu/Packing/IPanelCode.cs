using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu.Packing;

/// <summary>Weights of an encoding before scaling: in a block of 32 inputs, 32 bytes an input or a pair of inputs, one byte an output.</summary>
internal unsafe interface IPanelCode
{
    /// <summary>What <see cref="First"/> and <see cref="Second"/> look values up in, if anything.</summary>
    static abstract Vector512<float> Table { get; }

    /// <summary>Where the codes of inputs 16 to 31 begin, in bytes from those of input 0.</summary>
    static abstract int SecondHalf { get; }

    /// <summary>16 outputs' weights for one of the inputs 0 to 15.</summary>
    static abstract Vector512<float> First(byte* codes, Vector512<float> table);

    /// <summary>16 outputs' weights for one of the inputs 16 to 31.</summary>
    static abstract Vector512<float> Second(byte* codes, Vector512<float> table);
}

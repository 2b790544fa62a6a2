namespace KVCluster.Storage.MessagePack;

/// <summary>Types of the MessagePack specification.</summary>
public enum MessagePackType
{
    /// <summary>No value.</summary>
    Nil,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>A whole number of -2^63 to 2^64 - 1.</summary>
    Integer,

    /// <summary>Single or double precision.</summary>
    Float,

    /// <summary>UTF-8 text.</summary>
    String,

    /// <summary>Bytes.</summary>
    Binary,

    /// <summary>Values in order.</summary>
    Array,

    /// <summary>Pairs of key and value.</summary>
    Map,

    /// <summary>Bytes with a type number, timestamps (type -1) among them.</summary>
    Extension,
}

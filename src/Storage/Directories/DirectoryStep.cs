namespace KVCluster.Storage.Directories;

/// <summary>Steps that change the disk, in the order a save takes them.</summary>
internal enum DirectoryStep
{
    CreateFolder,
    WriteOwner,
    WriteFrame,
    SyncFrame,
    WriteManifest,
    SyncManifest,
    RenameManifest,
    SyncRename,
    DeleteFrame,
    DeleteManifest,
}

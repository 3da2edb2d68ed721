# Writes an image of this host's memory to one blank EBS volume, and no file anywhere else.
#
# start-memory-capture puts the same values in front of it, quoted, as in front of
# capture-linux.sh, and the exit codes are the same. $ToolUrl is secret: it is never printed.
# WinPmem loads a driver while it runs; its file goes to the volume too, by way of TEMP.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
Set-StrictMode -Version 3.0

$disk = $null
$root = ''

# Whatever happened, the volume is flushed and left offline, so that its snapshot is whole.
function Fail([int]$Code, [string]$Name, [string]$Text) {
  [Console]::Error.WriteLine("cordon: ${Name}: $Text")
  if ($root) {
    try {
      Write-VolumeCache -DriveLetter $root[0]
      Set-Disk -Number $disk.Number -IsOffline $true
    } catch {
      [Console]::Error.WriteLine('cordon: not-closed: the volume is still online')
    }
  }
  exit $Code
}

function Test-Parameters {
  foreach ($name in 'CaseId', 'VolumeId', 'VolumeBytes', 'ToolUrl', 'ToolSha256', 'LeastBytes') {
    $variable = Get-Variable -Name $name -Scope Script -ErrorAction SilentlyContinue
    if ($null -eq $variable -or $variable.Value -eq '') { Fail 22 'wrong-parameters' "$name is missing" }
  }
  if ($VolumeId -cnotmatch '^vol-[0-9a-f]+$') { Fail 22 'wrong-parameters' 'VolumeId is no volume id' }
  foreach ($name in 'Get-Disk', 'Initialize-Disk', 'New-Partition', 'Format-Volume', 'Get-FileHash') {
    if (-not (Get-Command $name -ErrorAction SilentlyContinue)) {
      Fail 21 'command-missing' "this host has no $name"
    }
  }
}

# NVMe disks add a namespace to the serial number: vol0123456789abcdef0_00000001.
function Find-Disk {
  $serial = $VolumeId.Replace('-', '')
  for ($look = 1; $look -le 60; $look++) {
    Update-HostStorageCache
    $found = @(Get-Disk | Where-Object {
      $_.SerialNumber -and ($_.SerialNumber.Trim() -split '_')[0] -ceq $serial
    })
    if ($found.Count -eq 1) { return $found[0] }
    Start-Sleep -Seconds 1
  }
  Fail 10 'disk-not-found' "no disk is $VolumeId"
}

# Formatting the wrong disk destroys evidence: the right one has our size to the byte and is raw.
function Test-Disk($Disk) {
  if ([string]$Disk.Size -cne $VolumeBytes) { Fail 11 'wrong-disk-size' "the disk has $($Disk.Size) bytes" }
  if ($Disk.PartitionStyle -ne 'RAW' -or $Disk.NumberOfPartitions -ne 0) {
    Fail 12 'disk-not-blank' 'the disk is partitioned'
  }
  if ($Disk.IsBoot -or $Disk.IsSystem) { Fail 12 'disk-not-blank' 'the disk is the system''s' }
}

# By drive letter: mounting in a folder would write a folder to the suspect's own disk.
function Open-Disk($Disk) {
  try {
    if ($Disk.IsOffline) { Set-Disk -Number $Disk.Number -IsOffline $false }
    if ($Disk.IsReadOnly) { Set-Disk -Number $Disk.Number -IsReadOnly $false }
    Initialize-Disk -Number $Disk.Number -PartitionStyle GPT
    $partition = New-Partition -DiskNumber $Disk.Number -UseMaximumSize -AssignDriveLetter
    $null = Format-Volume -Partition $partition -FileSystem NTFS -AllocationUnitSize 65536 `
      -NewFileSystemLabel 'cordon-memory' -Confirm:$false
    $letter = (Get-Partition -DiskNumber $Disk.Number -PartitionNumber $partition.PartitionNumber).DriveLetter
  } catch {
    Fail 13 'format-failed' 'the disk could not be formatted'
  }
  if (-not $letter -or -not (Test-Path "${letter}:\")) { Fail 14 'mount-failed' 'the volume has no letter' }
  return "${letter}:\"
}

# An error's own words may hold the address, so none of them are repeated.
function Get-Tool([string]$Path) {
  try {
    [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
    Invoke-WebRequest -Uri $ToolUrl -OutFile $Path -UseBasicParsing -TimeoutSec 240
  } catch {
    Fail 15 'tool-not-fetched' $_.Exception.GetType().Name
  } finally {
    $script:ToolUrl = ''
  }
  if ((Get-FileHash -Path $Path -Algorithm SHA256).Hash -ne $ToolSha256) {
    Fail 16 'wrong-checksum' 'what arrived is not the configured tool, and was not run'
  }
}

function Write-Trailer([string]$Root, [int]$ExitCode, [long]$Bytes, [string]$Started) {
  $trailer = [ordered]@{
    case = $CaseId
    volume = $VolumeId
    tool = [ordered]@{ name = 'winpmem'; sha256 = $ToolSha256; exitCode = $ExitCode }
    image = [ordered]@{ file = 'memory.raw'; bytes = $Bytes }
    startedAt = $Started
    endedAt = Get-UtcTime
  }
  $json = ConvertTo-Json $trailer -Depth 4 -Compress
  [IO.File]::WriteAllText("${Root}cordon-capture.json", $json)
}

function Get-UtcTime { [DateTime]::UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'") }

# winpmem_mini ends with 1 when all went well, its successor with 0: neither is proof, so the
# image's size decides as well.
function Save-Memory([string]$Root) {
  $started = Get-UtcTime
  $image = "${Root}memory.raw"
  $env:TEMP = $Root
  $env:TMP = $Root
  try {
    $tool = Start-Process -FilePath "${Root}winpmem.exe" -ArgumentList $image -WorkingDirectory $Root `
      -Wait -PassThru -NoNewWindow `
      -RedirectStandardOutput "${Root}tool.log" -RedirectStandardError "${Root}tool-errors.log"
  } catch {
    Fail 17 'tool-failed' 'winpmem could not be started'
  }
  $bytes = 0
  if (Test-Path $image) { $bytes = (Get-Item $image).Length }
  try { Write-Trailer $Root $tool.ExitCode $bytes $started } catch {
    Fail 18 'volume-full' 'no room for the trailer'
  }
  if ((New-Object IO.DriveInfo $Root).AvailableFreeSpace -lt 1MB) {
    Fail 18 'volume-full' "after $bytes bytes of memory"
  }
  if ($tool.ExitCode -ne 0 -and $tool.ExitCode -ne 1) { Fail 17 'tool-failed' "winpmem ended with $($tool.ExitCode)" }
  if ($bytes -lt [long]$LeastBytes) { Fail 19 'image-too-small' "$bytes bytes" }
  return $bytes
}

function Close-Disk($Disk, [string]$Root) {
  try {
    Write-VolumeCache -DriveLetter $Root[0]
    Set-Disk -Number $Disk.Number -IsOffline $true
  } catch {
    $script:root = ''
    Fail 20 'not-closed' 'the volume could not be flushed and taken offline'
  }
}

try {
  Test-Parameters
  $disk = Find-Disk
  Test-Disk $disk
  $root = Open-Disk $disk
  Get-Tool "${root}winpmem.exe"
  $bytes = Save-Memory $root
  Close-Disk $disk $root
} catch {
  Fail 17 'tool-failed' $_.Exception.GetType().Name
}
Write-Output "cordon: captured $bytes bytes"
exit 0

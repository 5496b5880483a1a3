package main

import "strings"

// wanted are the modules of an image: what terminals of these kinds have. Each brings what it needs.
func wanted() []string {
	return strings.Fields(`
		crc32c_generic crc32c-intel ext4 efivarfs evdev hid-generic usbhid sd_mod 8021q af_packet
		softdog i6300esb iTCO_wdt sp5100_tco
		virtio_pci virtio_mmio virtio_blk virtio_net virtio_rng virtio_scsi
		ahci ata_piix nvme usb-storage uas mmc_block sdhci-pci sdhci-acpi
		xhci-pci ehci-pci ohci-pci uhci-hcd
		e1000 e1000e igb igc r8169 realtek tg3 broadcom 8139too atlantic
		asix ax88179_178a r8152 cdc_ether cdc_ncm smsc95xx lan78xx
		ftdi_sio cp210x pl2303 ch341 cdc-acm
	`)
}
